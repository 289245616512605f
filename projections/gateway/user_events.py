"""What each user did, by the events of outside systems that name them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.envelope import EventCategory
from domain.gateway.events import OutsideEvent
from domain.kit.fields import Authored, Describe, Len
from projections.gateway.events import CORRELATION
from projections.kit.declare.folds import TIME, EventField, FoldValue, carried
from projections.kit.model import ByTime, Id, Index, PostgresView, Row, Span

USER = FoldValue("event.user", str)


class OutsideUserEventRow(Row):
    """An event from outside that names a user."""

    id: Id
    user_id: Annotated[
        str, Len(max_length=200), Describe("The user that it names, in the one spelling of ids.")
    ]
    user_spelling: Annotated[
        str | None,
        Len(max_length=200),
        Describe("How it spells the user's id, if otherwise than ids are here."),
    ]
    event_type: Annotated[str, Len(max_length=100), Describe("What happened, as `user.signed_in`.")]
    category: Annotated[EventCategory, Describe("The category of its type.")]
    source_id: Annotated[UUID, Describe("The source that sent it.")]
    event_id: Annotated[UUID, Describe("The id that the source gave it.")]
    session_id: Annotated[str | None, Len(max_length=200), Describe("The session that it names.")]
    order_id: Annotated[str | None, Len(max_length=200), Describe("The order that its payload names.")]
    correlation_id: Annotated[
        str, Len(max_length=200), Authored(), Describe("What it belongs together with other events by.")
    ]
    occurred_at: Annotated[datetime, Describe("When it happened, by the source's clock.")]
    received_at: Annotated[datetime, Describe("When it was received.")]
    subject_id: Annotated[UUID, Describe("The person that it names, under whose key its data is sealed.")]


class OutsideUserEvents(PostgresView[OutsideUserEventRow], name="gateway.user_events", version=2):
    """Every event from outside that names a user and was accepted in the last 365 days, without its data."""

    vast = True
    partitions = ByTime("received_at", every=Span.MONTH, days=365)
    indexes = (
        Index("idx_user_events_user", ("user_id", "occurred_at", "id")),
        Index("idx_user_events_type", ("event_type", "occurred_at", "id")),
        Index("idx_user_events_session", ("session_id", "occurred_at", "id"), where="session_id is not null"),
        Index("idx_user_events_subject", ("subject_id", "id")),
    )

    accepted = carried(
        OutsideEvent.Accepted,
        by=lambda event, _: None if event.user_id is None else event.originator_id,
        first=True,
        user_id=USER,
        user_spelling=EventField("user_spelling"),
        received_at=TIME,
        correlation_id=CORRELATION,
    )
