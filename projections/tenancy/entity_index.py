"""The entity index: one table in which every entity of a tenant is found by key, by status and by date."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, get_type_hints
from uuid import UUID

import msgspec

from domain.governance.consents import Consent
from domain.governance.erasures import Erasure
from domain.governance.exports import Export
from domain.identity.api_keys import ApiKey
from domain.identity.invitations import Invitation
from domain.identity.roles import Role
from domain.identity.users import User
from domain.kit.aggregate import Aggregate
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Personal, Restricted, marks
from domain.tenancy.flags import FeatureFlag
from domain.tenancy.subscriptions import Subscription
from domain.tenancy.tenants import Tenant
from domain.work.projects import Project
from domain.work.tasks import Task
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.view import on
from projections.tenancy.entity_keys import CONFIG, EntityKey

_ANY = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A kind of thing that the index holds.

    ``Entity(kind="CAMPAIGN", aggregate=Campaign, starts="draft", needs="campaigns:read", data=("name",))`` is all
    that a context adds. An event with a field ``status`` sets the status; others do by their stored name, see
    `LIFECYCLE`. ``data`` names the fields of events whose last values are kept.

    Raises TypeError for a field of those that is personal or confidential, because the table is plain and one
    permission opens all of a kind; ValueError for a kind that no key can name.
    """

    kind: str
    aggregate: type[Aggregate]
    starts: str = "active"
    needs: str
    """The permission to find entities of this kind here."""
    data: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # A kind that no key can name raises here.
        EntityKey(_ANY, self.kind, _ANY)
        for event in self.aggregate.events:
            hints = get_type_hints(event, include_extras=True)
            for name in set(self.data) & hints.keys():
                if any(isinstance(one, Personal | Confidential | Restricted) for one in marks(hints[name])):
                    raise TypeError(f"{event.__qualname__}.{name} may not stand in the entity index.")


LIFECYCLE: Mapping[str, str] = {
    "accepted": "accepted",
    "activated": "active",
    "anonymised": "anonymised",
    "archived": "archived",
    "cancelled": "cancelled",
    "certified": "certified",
    "closed": "closed",
    "deleted": "deleted",
    "erased": "erased",
    "expired": "expired",
    "failed": "failed",
    "finished": "finished",
    "given": "given",
    "reactivated": "active",
    "rejoined": "active",
    "removed": "removed",
    "restored": "active",
    "revoked": "revoked",
    "suspended": "suspended",
    "withdrawn": "withdrawn",
}
"""The status after an event that is stored under a name with this end, in whichever context."""

ENTITIES: tuple[Entity, ...] = (
    Entity(
        kind=CONFIG,
        aggregate=Tenant,
        needs="tenant:read",
        data=("name", "slug", "region", "placement", "settings"),
    ),
    Entity(kind="USER", aggregate=User, needs="people:read", data=("role",)),
    # Private projects and their tasks are here as well, so it takes the permission to see all of them.
    Entity(kind="PROJECT", aggregate=Project, needs="work:all", data=("name", "visibility", "owner_id")),
    Entity(kind="TASK", aggregate=Task, starts="todo", needs="work:all", data=("title", "project_id")),
    Entity(kind="FEATURE_FLAG", aggregate=FeatureFlag, needs="tenant:read", data=("feature_name", "enabled")),
    Entity(kind="ROLE", aggregate=Role, needs="people:read"),
    Entity(kind="INVITATION", aggregate=Invitation, starts="open", needs="people:write", data=("role",)),
    Entity(kind="API_KEY", aggregate=ApiKey, needs="keys:read"),
    Entity(kind="CONSENT", aggregate=Consent, starts="given", needs="privacy:read"),
    Entity(kind="EXPORT", aggregate=Export, starts="running", needs="privacy:read"),
    Entity(kind="ERASURE", aggregate=Erasure, starts="running", needs="privacy:read"),
    Entity(kind="SUBSCRIPTION", aggregate=Subscription, needs="billing:read", data=("tier", "period_end")),
)
"""Every kind of entity. Raise the view's version when a line is added, so that the index is built anew.

Left out is what is no entity of a tenant: sessions, which are the account's; invoices, which are part of their
subscription; notifications, which are their person's alone.
"""

BY_TYPE: Mapping[str, Entity] = {one.kind: one for one in ENTITIES}
_BY_TOPIC: Mapping[str, Entity] = {one.aggregate.topic: one for one in ENTITIES}
_EVENTS = tuple(event for one in ENTITIES for event in one.aggregate.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """An entity of the tenant, whatever its kind."""

    sk: Annotated[str, Len(max_length=100), Describe("The sort key, such as `USER#{id}`.")]
    entity_type: Annotated[str, Len(max_length=50), Describe("The entity's type, such as `USER`.")]
    entity_id: Annotated[UUID, Describe("Its id.")]
    status: Annotated[str, Len(max_length=50), Describe("The lifecycle status.")]
    created_at: Annotated[datetime, Describe("When it was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed.")]
    data: Annotated[dict[str, Any], Describe("A few attributes, which depend on the type.")]


class _Step:
    """What an event of one class does to its entity, worked out once."""

    def __init__(self, event: type[Event]) -> None:
        self.entity = _BY_TOPIC[event.aggregate.topic]
        present = {field.name for field in fields(event)}
        self._names = tuple(name for name in self.entity.data if name in present)
        self._states = "status" in present
        self._named = LIFECYCLE.get(event.stored_as.rsplit(".", 1)[-1])

    def sk(self, id: UUID) -> str:
        """The place of the entity in its tenant's partition, as `EntityKey` has it."""
        return CONFIG if self.entity.kind == CONFIG else f"{self.entity.kind}#{id}"

    # Events have fields of their own, hence Any.
    def status(self, event: Any) -> str | None:
        """The status that the event leads to, None when it leads to no other."""
        return str(event.status) if self._states else self._named

    def data(self, event: Event) -> dict[str, Any]:
        """The facts that the event tells."""
        return {name: msgspec.to_builtins(getattr(event, name)) for name in self._names}


_STEPS: Mapping[type[Event], _Step] = {event: _Step(event) for event in _EVENTS}


class EntityIndex(PostgresView[EntityRow], name="tenancy.entity_index", version=3, key="sk"):
    """Every entity of the tenant. The partition key ``TENANT#{tenantId}`` is the row's tenant."""

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
