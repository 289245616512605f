"""Dead letters: events that were rejected, kept to be looked at, corrected and let in."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid5

from domain.gateway.events import KeyId, SourceId, SubjectId
from domain.gateway.outcomes import EventForm, ImportedRow, ReplayedLetter
from domain.gateway.sources import require_payments
from domain.kit.caller import Caller
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Personal, Purpose
from domain.kit.model import Aggregate, Command, Event, applies

PAYMENT = "payment"
"""The rule of a letter about money that moved and could not be recorded."""
MOST_A_DAY = 10_000
"""Dead letters of one source that one process of the API keeps in a day."""

CLOSED_AT = 2
"""The version of a letter that was closed."""
Raw = Annotated[
    str,
    Confidential(),
    Personal(subject="subject_id"),
    Purpose("To see why an event was rejected, and to correct it."),
    Describe("The event as it was sent, as text."),
]


ImportId = Annotated[UUID | None, Internal(), Describe("The import whose row it is, if it came in a file.")]
FileLine = Annotated[int | None, Internal(), Describe("The line of the file on which the row begins.")]
FileColumn = Annotated[
    str | None, Len(0, 200), Internal(), Authored(), Describe("The column of the file that is at fault.")
]
Form = Annotated[EventForm, Internal(), Describe("How it is written, and is to be written when corrected.")]


class LettersFull(Exception):
    """As many rows of an import, or items of a source, were rejected on this day as are kept."""


class DeadLetter(Aggregate, topic="gateway.dead_letter"):
    """An event that was rejected."""

    class_version = 2
    oldest_snapshot = 2

    class Kept(Event):
        from_outside: ClassVar[bool] = True

        source_id: SourceId
        key_id: KeyId
        event_id: Annotated[UUID | None, Internal(), Describe("The id that it says, if it can be read.")]
        event_type: Annotated[
            str | None,
            Len(0, 100),
            Internal(),
            Authored(),
            Describe("The type that it says, if it can be read."),
        ]
        raw: Raw
        subject_id: SubjectId
        cut: Annotated[
            bool,
            Internal(),
            Describe("Whether what is kept is not all that was sent: it was too long, or no text."),
        ]
        rule: Annotated[str, Len(1, 100), Internal(), Describe("The rule that rejected it.")]
        code: Annotated[str, Len(1, 50), Internal(), Describe("What kind of limit it is outside of.")]
        path: Annotated[tuple[str, ...], Internal(), Authored(), Describe("Where in the event the fault is.")]
        message: Annotated[
            str, Len(1, 500), Internal(), Authored(), Describe("What is wrong, as a sentence.")
        ]
        violations: Annotated[int, Internal(), Describe("How many faults were found; the first is told.")]
        import_id: ImportId = None
        file_line: FileLine = None
        file_column: FileColumn = None
        form: Form = EventForm.EVENT

    class Replayed(Event, ends=True):
        class_version = 2

        edited: Annotated[bool, Internal(), Describe("Whether it was corrected first.")]
        position: Annotated[
            int | None,
            Internal(),
            Describe("Where the event that it became stands in the log; null: just before this."),
        ] = None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """The place was always said."""

    class Discarded(Event, ends=True): ...

    source_id: UUID
    rule: str

    @applies(Kept)
    def _kept(self, event: Kept) -> None:
        self.source_id = event.source_id
        self.rule = event.rule


class LetterStatus(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    """It can be replayed or discarded."""
    REPLAYED = "replayed"
    """It was sent again, and taken."""
    DISCARDED = "discarded"


class CloseDeadLetter(Command):
    """Note that the event of a dead letter was in the log already."""

    position: int
    edited: bool

    def handle(self, dead_letter: DeadLetter) -> None:
        dead_letter.record(DeadLetter.Replayed(position=self.position, edited=self.edited))


class DiscardDeadLetter(Command):
    """Discard a dead letter: its event is never let in. For a payment it takes `commerce:payments` as well."""

    def handle(self, dead_letter: DeadLetter, by: Caller) -> None:
        if dead_letter.rule == PAYMENT:
            require_payments(by)
        dead_letter.record(DeadLetter.Discarded())


def letter_of(source_id: UUID, raw: str, received_at: datetime) -> UUID:
    """The dead letter of a rejected event: the same text on the same day is the same letter until that is
    closed."""
    digest = hashlib.sha256(raw.encode(errors="surrogatepass")).hexdigest()
    return uuid5(source_id, f"letter {received_at.date().isoformat()} {digest}")


def letter_of_row(source_id: UUID, row: ImportedRow) -> UUID:
    """The dead letter of a row of an import: there is one, whatever the row says and becomes."""
    return uuid5(source_id, f"letter {row.import_id} {row.number}")


def letter_after(letter_id: UUID) -> UUID:
    """The dead letter of the same text once this one is closed."""
    return uuid5(letter_id, "again")


def closing(letter: ReplayedLetter, now: datetime) -> DeadLetter.Replayed:
    """What closes a dead letter as its event is let in. It is the second of its stream, as anything that closes
    one: of several only the first is stored."""
    return DeadLetter.Replayed(edited=letter.edited).stamped(letter.id, CLOSED_AT, now)
