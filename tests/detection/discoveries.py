"""What processes find, without waiting for them."""

from uuid import UUID, uuid4

from domain.gateway.detection.anomalies import AnomalyDirection, NoteAnomaly
from domain.gateway.detection.pattern_matches import NotePatternMatch
from domain.kit.commands import Command
from domain.kit.scenario import NOON


def detected(word: str, pattern: UUID, watch: UUID) -> tuple[Command, Command]:
    """What processes find of a pattern and of a watch."""
    match = NotePatternMatch(
        id=uuid4(),
        pattern_id=pattern,
        pattern_name=word,
        related=word,
        event_ids=(uuid4(),),
        events=2,
        began_at=NOON,
        ended_at=NOON,
    )
    anomaly = NoteAnomaly(
        id=uuid4(),
        watch_id=watch,
        watch_name=word,
        event_type=f"{word}.happened",
        hour=NOON,
        direction=AnomalyDirection.HIGH,
        observed=30,
        expected=3.5,
        deviation=15.3,
    )
    return match, anomaly
