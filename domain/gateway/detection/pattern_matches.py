"""Matches: each time that a pattern was found, told once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid5

from domain.gateway.detection.patterns import Name
from domain.kit.fields import Authored, Describe, Internal, Interval, Len
from domain.kit.model import Aggregate, Command, Event, assigns

MOST_SHOWN = 10
"""How many events of a match are named."""

PatternId = Annotated[UUID, Internal(), Describe("The pattern that was found.")]
Related = Annotated[
    str, Len(1, 200), Internal(), Authored(), Describe("What the events belong together by, as they name it.")
]
EventIds = Annotated[
    tuple[UUID, ...],
    Len(1, MOST_SHOWN),
    Internal(),
    Describe(f"The events, as they are known here, in their order; of more than {MOST_SHOWN} the last."),
]
Count = Annotated[int, Interval(ge=1), Internal(), Describe("How many events were found together.")]
Began = Annotated[datetime, Internal(), Describe("When the first of them happened.")]
Ended = Annotated[
    datetime,
    Internal(),
    Describe("When the last of them happened, or the time ran out in which another was to follow."),
]


class PatternMatch(Aggregate, topic="gateway.pattern_match"):
    """A time that a pattern was found."""

    class Detected(Event):
        aliases = ("pattern.detected",)

        pattern_id: PatternId
        pattern_name: Name
        related: Related
        event_ids: EventIds
        events: Count
        began_at: Began
        ended_at: Ended

    pattern_id: UUID
    changed = assigns(Detected)


class NotePatternMatch(Command):
    """Note that a pattern was found; no client sends this."""

    pattern_id: PatternId
    pattern_name: Name
    related: Related
    event_ids: EventIds
    events: Count
    began_at: Began
    ended_at: Ended

    def handle(self) -> PatternMatch:
        detected = PatternMatch.Detected(
            pattern_id=self.pattern_id,
            pattern_name=self.pattern_name,
            related=self.related,
            event_ids=self.event_ids,
            events=self.events,
            began_at=self.began_at,
            ended_at=self.ended_at,
        )
        return PatternMatch.begin(self.id, detected)


def match_id(pattern_id: UUID, anchor: UUID) -> UUID:
    """The id of a pattern's match at an event: however often it is found, it is one."""
    return uuid5(pattern_id, anchor.hex)
