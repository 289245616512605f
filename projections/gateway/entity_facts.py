"""What is known of the users and orders of outside systems, from their events: how each stands now."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from domain.gateway.events import OutsideEvent
from domain.kit.fields import Authored, Describe, Len
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.model import Check, Id, Index, PostgresView, Row, replace


class OutsideEntityType(StrEnum):
    """Whether it is a user or an order of an outside system."""

    USER = "user"
    ORDER = "order"


class OutsideEntityRow(Row):
    """A user or an order of an outside system."""

    id: Id
    entity_type: Annotated[OutsideEntityType, Describe("Whether it is a user or an order.")]
    entity_id: Annotated[str, Len(max_length=200), Authored(), Describe("Its id, as events name it.")]
    user_id: Annotated[str | None, Len(max_length=200), Describe("The user that its last event names.")] = (
        None
    )
    status: Annotated[
        str, Len(max_length=100), Describe("What happened to it last: the last word of the event's type.")
    ]
    event_type: Annotated[str, Len(max_length=100), Describe("The type of its last event.")]
    source_id: Annotated[UUID, Describe("The source of its last event.")]
    events: Annotated[int, Describe("How many events name it.")] = 0
    first_at: Annotated[datetime, Describe("When its first event was received.")]
    last_at: Annotated[datetime, Describe("When its last event happened, by the source's clock.")]


def _touched(event: OutsideEvent.Accepted, envelope: Envelope) -> list[UUID | None]:
    return [
        _id(envelope.tenant_id, kind, named)
        for kind, named in (
            (OutsideEntityType.USER, event.user),
            (OutsideEntityType.ORDER, event.order_id),
        )
    ]


def _id(tenant_id: UUID, kind: OutsideEntityType, named: str | None) -> UUID | None:
    return None if named is None else uuid5(tenant_id, f"{kind} {named}")


class OutsideEntities(PostgresView[OutsideEntityRow], name="gateway.metadata", version=2):
    """Every user and order that events from outside name."""

    vast = True
    checks = (Check("valid_outside_entity_type", "entity_type in ('user', 'order')"),)
    indexes = (
        Index("idx_metadata_entity", ("entity_type", "entity_id")),
        Index("idx_metadata_user", ("user_id", "status", "id"), where="user_id is not null"),
        Index("idx_metadata_first_at", ("first_at", "id")),
    )

    @on(OutsideEvent.Accepted, by=_touched)
    def accepted(
        self, row: OutsideEntityRow | None, event: OutsideEvent.Accepted, envelope: Envelope, key: UUID
    ) -> OutsideEntityRow:
        if row is not None and event.occurred_at < row.last_at:
            return replace(row, events=row.events + 1)
        user = _id(envelope.tenant_id, OutsideEntityType.USER, event.user) == key
        return OutsideEntityRow(
            id=key,
            entity_type=OutsideEntityType.USER if user else OutsideEntityType.ORDER,
            entity_id=str(event.user if user else event.order_id),
            user_id=event.user or (row.user_id if row is not None else None),
            status=event.event_type.rpartition(".")[2],
            event_type=event.event_type,
            source_id=event.source_id,
            events=1 if row is None else row.events + 1,
            first_at=event.timestamp if row is None else row.first_at,
            last_at=event.occurred_at,
        )
