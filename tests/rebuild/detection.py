"""What the demo leaves out of detection: patterns and watches, and what they found."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from domain.gateway.detection.anomalies import AnomalyDirection, NoteAnomaly
from domain.gateway.detection.anomaly_watches import DefineAnomalyWatch
from domain.gateway.detection.pattern_matches import NotePatternMatch
from domain.gateway.detection.patterns import DefineEventPattern, PatternKind
from domain.kit.commands import Command


def of_detection() -> Sequence[Command]:
    """Something of each kind."""
    pattern, watch, now = uuid4(), uuid4(), datetime.now(UTC)
    return (
        DefineEventPattern(
            id=pattern,
            name="Twice",
            kind=PatternKind.COUNT,
            event_types=("order.created",),
            window_seconds=60,
            least=2,
        ),
        NotePatternMatch(
            id=uuid4(),
            pattern_id=pattern,
            pattern_name="Twice",
            related="o-1",
            event_ids=(uuid4(), uuid4()),
            events=2,
            began_at=now,
            ended_at=now,
        ),
        DefineAnomalyWatch(id=watch, name="Orders", event_type="order.created"),
        NoteAnomaly(
            id=uuid4(),
            watch_id=watch,
            watch_name="Orders",
            event_type="order.created",
            hour=now,
            direction=AnomalyDirection.HIGH,
            observed=30,
            expected=3.5,
            deviation=15.3,
        ),
    )
