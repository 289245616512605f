"""Patterns: what people want to be told of when it happens in events from outside that belong together."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from domain.gateway.schemas.event_types import EventType
from domain.kit.fields import Authored, Describe, Internal, Interval, Len
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Invalid, Refusal, Unique, applies, assigns
from domain.kit.refusals import ViolationCode
from domain.kit.text import key

LONGEST_WINDOW = timedelta(days=7)
MOST_COUNTED = 1_000
MOST_PATTERNS = 50


class PatternKind(StrEnum):
    """What is looked for."""

    SEQUENCE = "sequence"
    """Types of events that follow each other within the window."""
    COUNT = "count"
    """So many events within the window."""
    MISSING = "missing"
    """An event that is not followed by another one within the window."""


class RelatedBy(StrEnum):
    """What events belong together by; each is the column of the event that names it."""

    CORRELATION = "correlation_id"
    """By their `correlationId`."""
    USER = "user_id"
    """By their `userId`."""
    SESSION = "session_id"
    """By their `sessionId`."""
    ORDER = "order_id"
    """By their `orderId`."""


_TYPES = {PatternKind.SEQUENCE: (2, 5), PatternKind.COUNT: (1, 10), PatternKind.MISSING: (2, 2)}

Name = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What it is called.")]
Kind = Annotated[
    PatternKind,
    Internal(),
    Describe(
        "What is looked for: types of events in their order (SEQUENCE), so many events (COUNT), or an event that "
        "another does not follow (MISSING)."
    ),
]
Types = Annotated[
    tuple[EventType, ...],
    Len(1, 10),
    Internal(),
    Authored(),
    Describe(
        "The types of the events: for SEQUENCE two to five in their order, for COUNT one to ten that are counted "
        "together, for MISSING the one and the other that is to follow."
    ),
]
Related = Annotated[RelatedBy, Internal(), Describe("What the events belong together by.")]
Window = Annotated[
    int,
    Interval(ge=1, le=int(LONGEST_WINDOW.total_seconds())),
    Internal(),
    Describe("Within how many seconds it happens, by the clocks of the sources; seven days at most."),
]
Least = Annotated[
    Annotated[int, Interval(ge=2, le=MOST_COUNTED)] | None,
    Internal(),
    Describe("For COUNT, how many events there are at least; null for the others."),
]


class TooManyEventPatterns(Refusal):
    """A tenant has {most} patterns at the most; delete one first."""


class EventPatternDisabled(Refusal):
    """This pattern is off already."""


class EventPatternEnabled(Refusal):
    """This pattern is on already."""


def require_terms(kind: PatternKind, event_types: tuple[str, ...], least: int | None) -> None:
    """Raise Invalid for types or a number that the kind does not have."""
    fewest, most = _TYPES[kind]
    if not fewest <= len(event_types) <= most:
        number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        reason = f"has {number} types for a pattern of this kind"
        raise Invalid(field="event_types", reason=reason, why=ViolationCode.UNSUITABLE)
    if kind is PatternKind.COUNT and len(set(event_types)) < len(event_types):
        raise Invalid(field="event_types", reason="names a type twice", why=ViolationCode.UNSUITABLE)
    if kind is PatternKind.COUNT and least is None:
        raise Invalid(field="least", reason="says how many are counted", why=ViolationCode.REQUIRED)
    if kind is not PatternKind.COUNT and least is not None:
        raise Invalid(field="least", reason="is for patterns that count alone", why=ViolationCode.UNSUITABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTerms:
    """What a pattern looks for."""

    name: str
    kind: PatternKind
    event_types: tuple[str, ...]
    related_by: RelatedBy
    window_seconds: int
    least: int | None

    @property
    def window(self) -> timedelta:
        """Within which time it happens."""
        return timedelta(seconds=self.window_seconds)


class EventPattern(Aggregate, topic="gateway.event_pattern", unique=(Unique("name", fold=key),)):
    """What is looked for in events that belong together."""

    class Defined(Event):
        name: Name
        kind: Kind
        event_types: Types
        related_by: Related
        window_seconds: Window
        least: Least

    class Disabled(Event): ...

    class Enabled(Event): ...

    class Deleted(Event, ends=True): ...

    name: str
    active: bool = True
    changed = assigns(Defined)

    @applies(Disabled)
    def _disabled(self, event: Disabled) -> None:
        self.active = False

    @applies(Enabled)
    def _enabled(self, event: Enabled) -> None:
        self.active = True


class DefineEventPattern(Command, requires=(require_terms,)):
    """Define a pattern that is looked for from now on in the events that belong together."""

    name: Name
    kind: Kind
    event_types: Types
    related_by: Related = RelatedBy.CORRELATION
    window_seconds: Window
    least: Least = None

    def handle(self) -> EventPattern:
        defined = EventPattern.Defined(
            name=self.name.strip(),
            kind=self.kind,
            event_types=self.event_types,
            related_by=self.related_by,
            window_seconds=self.window_seconds,
            least=self.least,
        )
        return EventPattern.begin(self.id, defined)


class DisableEventPattern(Command):
    """Look for a pattern no longer; what was found stays."""

    def handle(self, pattern: EventPattern) -> None:
        if not pattern.active:
            raise EventPatternDisabled(field="id")
        pattern.record(EventPattern.Disabled())


class EnableEventPattern(Command):
    """Look for a pattern again, in what is received from now on."""

    def handle(self, pattern: EventPattern) -> None:
        if pattern.active:
            raise EventPatternEnabled(field="id")
        pattern.record(EventPattern.Enabled())


class DeleteEventPattern(Command):
    """Delete a pattern permanently; what was found stays."""

    def handle(self, pattern: EventPattern) -> None:
        pattern.record(EventPattern.Deleted())
