"""The entity index: one table in which every entity of a tenant is found by key, by status and by date."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints
from uuid import UUID

import msgspec

from domain.contexts import CONTEXTS
from domain.kit.context.entities import Entity
from domain.kit.context.manifests import joined
from domain.kit.events import Event
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import on
from projections.kit.model import Index, PostgresView, Row, replace
from projections.tenancy.entity_keys import CONFIG

LIFECYCLE: Mapping[str, str] = {
    "accepted": "accepted",
    "activated": "active",
    "anonymised": "anonymised",
    "archived": "archived",
    "cancelled": "cancelled",
    "certified": "certified",
    "closed": "closed",
    "deactivated": "inactive",
    "deleted": "deleted",
    "disabled": "disabled",
    "enabled": "active",
    "erased": "erased",
    "expired": "expired",
    "failed": "failed",
    "finished": "finished",
    "given": "given",
    "paused": "paused",
    "reactivated": "active",
    "rejoined": "active",
    "removed": "removed",
    "restored": "active",
    "resumed": "active",
    "revoked": "revoked",
    "stopped": "stopped",
    "suspended": "suspended",
    "withdrawn": "withdrawn",
}
"""The status after an event that is stored under a name with this end, in whichever context."""

BY_TYPE: Mapping[str, Entity] = joined(
    CONTEXTS, "entities", lambda context: ((entity.kind, entity) for entity in context.entities)
)
"""Every kind of entity, as the contexts declare them.

Raise the view's version when one is declared for things that there were before, so that the index is rebuilt.
Left out is what is no entity of a tenant: sessions, which are the account's; invoices, which are part of their
subscription; notifications, which are their person's alone.
"""

_BY_TOPIC: Mapping[str, Entity] = joined(
    CONTEXTS, "entities", lambda context: ((entity.aggregate.topic, entity) for entity in context.entities)
)
_EVENTS = tuple(event for entity in _BY_TOPIC.values() for event in entity.aggregate.events)


class EntityRow(Row):
    """An entity of the tenant, whatever its kind."""

    sk: Annotated[str, Len(max_length=100), Describe("The sort key, such as `USER#{id}`.")]
    entity_type: Annotated[str, Len(max_length=50), Describe("The entity's type.")]
    entity_id: Annotated[UUID, Describe("Its id.")]
    status: Annotated[str, Len(max_length=50), Describe("The lifecycle status.")]
    created_at: Annotated[datetime, Describe("When it was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed.")]
    data: Annotated[dict[str, Any], Describe("A few attributes, which depend on the type.")]


class EntityStep:
    """What an event of one class does to its entity, worked out once."""

    def __init__(self, event: type[Event], entity: Entity) -> None:
        self.entity, self._event = entity, event
        present = {field.name for field in fields(event)}
        self._names = tuple(name for name in self.entity.data if name in present)
        self._states = "status" in present
        named = LIFECYCLE.get(event.stored_as.rsplit(".", 1)[-1])
        self._named = self.entity.statuses.get(event, named)

    def sk(self, id: UUID) -> str:
        """The place of the entity in its tenant's partition, as `EntityKey` has it."""
        return CONFIG if self.entity.kind == CONFIG else f"{self.entity.kind}#{id}"

    @property
    def statuses(self) -> set[str]:
        """Every status that events of this class may lead to."""
        if not self._states:
            return {self._named} if self._named else set()
        return {str(value) for value in get_type_hints(self._event)["status"]}

    # Events have fields of their own, hence Any.
    def status(self, event: Any) -> str | None:
        """The status that the event leads to, None when it leads to no other."""
        return str(event.status) if self._states else self._named

    def data(self, event: Event) -> dict[str, Any]:
        """The facts that the event tells."""
        return {name: msgspec.to_builtins(getattr(event, name)) for name in self._names}


_STEPS: Mapping[type[Event], EntityStep] = {
    event: EntityStep(event, entity) for entity in _BY_TOPIC.values() for event in entity.aggregate.events
}


if TYPE_CHECKING:
    # Their members are those of the contexts, which checkers cannot follow.
    class EntityType(StrEnum): ...

    class EntityStatus(StrEnum): ...

else:
    _starts = {entity.starts for entity in BY_TYPE.values()}
    _statuses = sorted(_starts.union(*(step.statuses for step in _STEPS.values())))

    EntityType = StrEnum("EntityType", [(kind, kind) for kind in sorted(BY_TYPE)], module=__name__)
    EntityType.__doc__ = "The type of an entity, as its global key has it."
    EntityStatus = StrEnum("EntityStatus", [(each.upper(), each) for each in _statuses], module=__name__)
    EntityStatus.__doc__ = (
        "The lifecycle status of an entity; which of these it can have depends on its type."
    )


class EntityIndex(PostgresView[EntityRow], name="tenancy.entity_index", version=4, key="sk"):
    """Every entity of the tenant. The partition key ``TENANT#{tenantId}`` is the row's tenant."""

    vast = True
    indexes = (
        # The sort key of one type is in the order of the ids, and it is what pages go by.
        Index("idx_entity_index_status", ("entity_type", "status", "sk")),
        Index("idx_entity_index_created_at", ("entity_type", "created_at", "sk")),
    )

    @on(*_EVENTS, by=lambda event, _: _STEPS[type(event)].sk(event.originator_id))
    def happened(self, row: EntityRow | None, event: Event) -> EntityRow:
        step = _STEPS[type(event)]
        status, data = step.status(event), step.data(event)
        if row is None:
            return EntityRow(
                sk=step.sk(event.originator_id),
                entity_type=step.entity.kind,
                entity_id=event.originator_id,
                status=status or step.entity.starts,
                created_at=event.timestamp,
                updated_at=event.timestamp,
                data=data,
            )
        return replace(
            row,
            status=status or row.status,
            data={**row.data, **data} if data else row.data,
            updated_at=event.timestamp,
        )
