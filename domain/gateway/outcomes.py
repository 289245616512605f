"""What became of each event that was sent: accepted, a duplicate, or rejected, with the reason and the place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import orjson

from domain.kit.caller import Caller
from domain.kit.events import Event
from domain.kit.refusals import Path, Refusal, ViolationCode

MOST_EVENTS = 1_000
"""Events in one batch."""
LARGEST_EVENT = 64 * 1024
"""Bytes of one event."""
DEEPEST = 32
"""How many objects and lists may stand inside one another in an event."""

ROW = "row"
"""The rule that says that a row of a file is no event as its import is told to make them."""
TEST_MODE = "test_mode"
"""The rule that says that a payment is of its provider's test mode."""


class EventStatus(StrEnum):
    """What became of an event that was sent."""

    ACCEPTED = "accepted"
    """It is stored."""
    DUPLICATE = "duplicate"
    """It was stored before, and nothing changed."""
    REJECTED = "rejected"
    """It is kept as a dead letter, with what is wrong."""


@dataclass(frozen=True, slots=True)
class EventViolation:
    """One thing that is wrong with an event."""

    rule: str
    """The rule that says so: ``json``, ``size``, ``envelope``, ``scope``, ``skew``, ``conflict``, ``test_mode``,
    ``schema``, ``user_exists``, or that of a type, as ``amount_positive``."""
    code: ViolationCode
    path: Path
    message: str
    """A sentence for people."""


@dataclass(slots=True, kw_only=True)
class EventAnswer:
    """The answer to one event, in the order in which they were sent."""

    status: EventStatus
    event_id: UUID | None = None
    """As the event says it, if it does so readably."""
    position: int | None = None
    """Where it stands in the log; of a duplicate, where the first one stands."""
    violations: tuple[EventViolation, ...] = ()
    letter_id: UUID | None = None
    """The dead letter that keeps what was rejected; none, where so many are kept today that this one is not."""
    kept_at: int | None = None
    """Where that letter stands in the log, if it was kept before."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """The row of a file that an event was made of."""

    import_id: UUID
    number: int
    line: int
    columns: Mapping[tuple[str, ...], str]
    """The columns by the members of events that they hold."""


class EventForm(StrEnum):
    """How an event is written."""

    EVENT = "event"
    """With the members that this API has."""
    CLOUD_EVENT = "cloud_event"
    """As CloudEvents 1.0 has it."""


@dataclass(frozen=True, slots=True)
class ReplayedLetter:
    """The dead letter that an event is sent again of: it is closed as the event is let in, or neither is done."""

    id: UUID
    edited: bool
    job: UUID | None = None
    """The job that replays it."""

    @property
    def origin(self) -> dict[str, Any]:
        """What is stored beside what closes it, by which it is known what did; empty of a single replay."""
        return {} if self.job is None else {"replay": str(self.job)}


@dataclass(slots=True)
class ReceivedEvent:
    """An event as it came in: what its JSON says, or why it cannot be read."""

    # JSON of any shape, hence Any.
    value: Any
    """As the envelope has it, whatever form it came in; of one that cannot be read, what of it can be."""
    text: str | None = None
    """As it was sent, where that is at hand."""
    unreadable: EventViolation | None = None
    once: str | None = None
    """Of what a provider has signed: by what it is the same event, whatever else differs when it is sent again.
    Nothing of it is refused but what cannot be stored."""
    version: str | None = None
    """Of what is pulled: by what it is the same event, whatever else differs when it is pulled again."""
    told: tuple[Event, ...] = ()
    """What is recorded beside it, once."""
    transmission: str | None = None
    """The id of the delivery that brought it, which brings no other event."""
    row: ImportedRow | None = None
    """Where it stood, of an import."""
    pull: UUID | None = None
    """The page or load of a connector in which it was; of a replay, in which its dead letter was."""
    after: str | None = None
    """Of what is pulled: the event whose place it takes."""
    encoded: bytes | None = None
    """Its value as `content` says it, where that is at hand."""
    form: EventForm = EventForm.EVENT
    """How its text is written."""
    letter: ReplayedLetter | None = None
    """Of a replay; what of it is rejected again is not kept again."""

    @property
    def origin(self) -> dict[str, Any]:
        """What is stored beside it, by which it is known what it came with; empty of what was sent."""
        if self.row is not None:
            return {"import": str(self.row.import_id), "row": self.row.number}
        after = {} if self.after is None else {"after": self.after}
        if self.letter is not None:
            return {**self.letter.origin, **after}
        return {} if self.pull is None else {"pull": str(self.pull), **after}

    @property
    def known_by(self) -> str | None:
        """By what it is the same event; None: by its content."""
        return self.version if self.once is None else self.once

    @property
    def content(self) -> bytes:
        """Its value as JSON, the members in the order of their names: the same for the same event."""
        return self.encoded or orjson.dumps(self.value, option=orjson.OPT_SORT_KEYS)


ERASED = EventViolation(
    "erased",
    ViolationCode.UNSUITABLE,
    ("userId",),
    "The person whom it names was erased; nothing can be stored about them any more.",
)
"""Of an event that is kept nowhere, whatever else is wrong with it."""
CLOSED = EventViolation("letter", ViolationCode.UNSUITABLE, (), "The dead letter was closed meanwhile.")
"""Of a replay whose dead letter somebody else has replayed or discarded."""


class TooManyEvents(Refusal):
    """This source sends more than {rate} events a second; send again in {retry_after} seconds."""


class SourceNotNamed(Refusal):
    """Say which source the events are from: as sourceId, or in an address as ?source=ID."""


@runtime_checkable
class EventIntake(Protocol):
    """Takes the events of sources."""

    async def admit(self, by: Caller, source_id: UUID | None) -> None:
        """Raise the refusal of all that they send now: of a source that is not there or not active, of a tenant
        that is suspended, or because they sent too much."""
        ...

    async def take(
        self,
        by: Caller,
        source_id: UUID | None,
        events: Sequence[ReceivedEvent],
        *,
        received_at: datetime | None = None,
        sent_at: datetime | None = None,
    ) -> list[EventAnswer]:
        """Store what is good and keep what is not; one answer for each, in their order. Raises as `admit`.

        ``source_id`` is left out by a source itself. ``sent_at`` is when they were sent, by the clock there.
        """
        ...
