"""Events from outside as people read them, and the dead letters of those that were rejected."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.gateway.envelope import EventCategory
from domain.gateway.events import OutsideEvent
from domain.gateway.letters import DeadLetter, FileColumn, FileLine, Form, ImportId, LetterStatus
from domain.gateway.outcomes import LARGEST_EVENT
from domain.kit.fields import Authored, Confidential, Describe, Len, Longest, Personal
from projections.kit.declare.folds import TIME, EventField, FoldValue, carried
from projections.kit.model import ByTime, Check, Id, Index, PostgresView, Row, Span

CORRELATION = FoldValue("envelope.correlation_id", str)
ENVIRONMENT = FoldValue("envelope.environment", str)
REGION = FoldValue("envelope.region", str)


class OutsideEventRow(Row):
    """An event from outside."""

    id: Annotated[UUID, Describe("The id by which it is known here.")]
    source_id: Annotated[UUID, Describe("The source that sent it.")]
    event_id: Annotated[UUID, Describe("The id that the source gave it.")]
    event_type: Annotated[str, Len(max_length=100), Describe("What happened, as `order.created`.")]
    category: Annotated[EventCategory, Describe("The category of its type.")]
    event_source: Annotated[str, Len(max_length=100), Describe("Where it happened.")]
    schema_version: Annotated[str, Len(max_length=20), Describe("The version of its form.")]
    occurred_at: Annotated[datetime, Describe("When it happened, by the source's clock.")]
    sent_at: Annotated[datetime | None, Describe("When it was sent, by the source's clock, if it said so.")]
    received_at: Annotated[datetime, Describe("When it was received.")]
    data: Annotated[
        str,
        Longest(LARGEST_EVENT),
        Confidential(),
        Personal(subject="subject_id"),
        Describe("Payload and metadata, as JSON: `{payload: {...}, metadata: {...}}`."),
    ]
    subject_id: Annotated[
        UUID,
        Describe("Under whose key its data is sealed: of the person it names, or of its source and day."),
    ]
    correlation_id: Annotated[
        str, Len(max_length=200), Authored(), Describe("What it belongs together with other events by.")
    ]
    user_id: Annotated[
        str | None, Len(max_length=200), Describe("The user that it names, in the one spelling of ids.")
    ]
    user_spelling: Annotated[
        str | None,
        Len(max_length=200),
        Describe("How it spells the user's id, if otherwise than ids are here."),
    ]
    session_id: Annotated[str | None, Len(max_length=200), Describe("The session that it names.")]
    order_id: Annotated[str | None, Len(max_length=200), Describe("The order that its payload names.")]
    environment: Annotated[
        str, Len(max_length=50), Authored(), Describe("The environment that it happened in.")
    ]
    region: Annotated[str, Len(max_length=50), Describe("The region that it happened in.")]
    completeness: Annotated[int, Describe("How much of what it could say it says, in per cent.")]
    added: Annotated[
        tuple[str, ...],
        Describe("What it did not say and was filled in, beside category, tenant and time of receipt."),
    ]
    stages: Annotated[
        dict[str, Any],
        Describe("When each stage was done with it, in microseconds after it was received."),
    ]
    searchable: Annotated[
        dict[str, Any] | None,
        Authored(),
        Describe("What of its payload and metadata its schema said to be searchable, by key."),
    ]


def sent_user(row: Any) -> str | None:
    """The user whom the event of a row names, as it spells them."""
    user: str | None = row.user_spelling or row.user_id
    return user


class OutsideEvents(PostgresView[OutsideEventRow], name="gateway.events", version=4):
    """Every event from outside that was accepted in the last 90 days."""

    vast = True
    partitions = ByTime("received_at", every=Span.DAY, days=90)
    indexes = (
        Index("idx_events_received_at", ("received_at", "id")),
        Index("idx_events_type", ("event_type", "occurred_at", "id")),
        Index("idx_events_user", ("user_id", "occurred_at", "id"), where="user_id is not null"),
        Index("idx_events_correlation", ("correlation_id", "occurred_at", "id")),
        Index("idx_events_session", ("session_id", "occurred_at", "id"), where="session_id is not null"),
        Index("idx_events_order", ("order_id", "occurred_at", "id"), where="order_id is not null"),
    )

    accepted = carried(
        OutsideEvent.Accepted,
        first=True,
        received_at=TIME,
        correlation_id=CORRELATION,
        environment=ENVIRONMENT,
        region=REGION,
        user_id=EventField("user"),
        user_spelling=EventField("user_spelling"),
    )


class DeadLetterRow(Row):
    """An event that was rejected."""

    id: Id
    source_id: Annotated[UUID, Describe("The source that sent it.")]
    event_id: Annotated[UUID | None, Describe("The id that it says, if it can be read.")]
    event_type: Annotated[
        str | None, Len(max_length=100), Describe("The type that it says, if it can be read.")
    ]
    raw: Annotated[
        str,
        Longest(LARGEST_EVENT),
        Confidential(),
        Personal(subject="subject_id"),
        Describe("The event as it was sent, as text."),
    ]
    subject_id: Annotated[
        UUID,
        Describe("Under whose key it is sealed: of the person it names, or of its source and day."),
    ]
    cut: Annotated[bool, Describe("Whether it was longer than what is kept.")]
    rule: Annotated[str, Len(max_length=100), Describe("The rule that rejected it.")]
    code: Annotated[str, Len(max_length=50), Describe("What kind of limit it is outside of.")]
    path: Annotated[tuple[str, ...], Describe("Where in the event the fault is.")]
    message: Annotated[str, Len(max_length=500), Describe("What is wrong, as a sentence.")]
    violations: Annotated[int, Describe("How many faults were found; the first is told.")]
    import_id: ImportId
    file_line: FileLine
    file_column: FileColumn
    form: Form
    received_at: Annotated[datetime, Describe("When it was received.")]
    status: Annotated[LetterStatus, Describe("What became of it.")] = LetterStatus.OPEN
    closed_at: Annotated[
        datetime | None, Describe("When it was replayed or discarded; null while it is open.")
    ] = None


class DeadLetters(PostgresView[DeadLetterRow], name="gateway.dead_letters", version=3):
    """Every event that was rejected and is kept."""

    checks = (
        Check("valid_dead_letter_status", "status in ('open', 'replayed', 'discarded')"),
        Check("valid_dead_letter_form", "form in ('event', 'cloud_event')"),
    )
    indexes = (
        Index("idx_dead_letters_received_at", ("received_at", "id")),
        Index("idx_dead_letters_source", ("source_id", "received_at", "id")),
        Index("idx_dead_letters_subject", ("subject_id",)),
        Index("idx_dead_letters_import", ("import_id", "file_line", "id"), where="import_id is not null"),
    )

    kept = carried(DeadLetter.Kept, first=True, received_at=TIME)
    replayed = carried(DeadLetter.Replayed, status=LetterStatus.REPLAYED, closed_at=TIME)
    discarded = carried(DeadLetter.Discarded, status=LetterStatus.DISCARDED, closed_at=TIME)
