"""Look-ups in the entity index: by global key, by kind and status, by kind and date (ID-T-07 to ID-T-10)."""

from dataclasses import replace
from enum import Enum
from typing import Annotated, cast
from uuid import UUID

import strawberry

from api.identity.users import User
from api.kit.execution.access import COVERED, SIGNED_IN
from api.kit.execution.errors import bad_argument
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import After, argument, field
from api.kit.schema.filters import row_filter
from api.kit.schema.lists.connections import connect
from api.kit.schema.lists.list_arguments import Direction
from api.kit.schema.lists.pages import Connection, PageRequest
from api.kit.schema.node_types import shows
from projections.identity.people import People, PersonRow
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order
from projections.tenancy.entity_index import BY_TYPE, EntityIndex, EntityRow, EntityStatus, EntityType
from projections.tenancy.entity_keys import CONFIG, EntityKey, parse


# What an entity's kind needs was asked by the field that leads to it.
@shows(EntityRow, needs=COVERED, leave_out=("sk",))
class Entity:
    """An entry of the tenant's entity index: an entity of any type."""

    entity_type: EntityType | None
    status: EntityStatus | None

    @field("The global key: `TENANT#{tenantId}#{entityType}#{entityId}`.")
    async def key(self, info: Info) -> str:
        row = _row(self)
        return str(EntityKey(info.context.caller.tenant_id, row.entity_type, row.entity_id))

    @field("The user, if the entity is a user.", User | None, needs="users:read")
    async def user(self, info: Info) -> PersonRow | None:
        row = _row(self)
        if row.entity_type != "USER":
            return None
        return await info.context.linked(People, row.entity_id)


def _row(shown: Entity) -> EntityRow:
    """What resolvers are given: rows are shown as they are."""
    return cast(EntityRow, shown)


@strawberry.enum(description="The sort order of `Entity` lists.")
class EntityOrder(Enum):
    """The orders that the index is made for."""

    CREATED_AT = strawberry.enum_value("created_at", description="By `createdAt`.")
    ID = strawberry.enum_value("id", description="By id.")


# The sort key of one kind is in the order of its ids, and it is what the index by status holds.
_ORDERS = {EntityOrder.CREATED_AT: Order("created_at"), EntityOrder.ID: Order("sk")}


# Of one kind an index holds both of these.
EntityFilter = row_filter(
    Entity,
    EntityIndex,
    name="EntityFilter",
    description="Which entities to list: those of the type that meet all that is given.",
    only=("status", "created_at"),
)


@strawberry.type
class Query:
    @field("The tenant's configuration, from the entity index.", Entity | None, needs="tenant:read")
    async def tenant_config(self, info: Info, after_position: After = None) -> EntityRow | None:
        await info.context.caught_up(EntityIndex, after_position)
        return await info.context.row(EntityIndex, CONFIG)

    @field("A user of the tenant, from the entity index.", Entity | None, needs="users:read")
    async def tenant_user(
        self,
        info: Info,
        id: Annotated[UUID, argument("The user's id.")],
        after_position: After = None,
    ) -> EntityRow | None:
        ask = info.context
        await ask.caught_up(EntityIndex, after_position)
        return await ask.row(EntityIndex, EntityKey(ask.caller.tenant_id, "USER", id).sk)

    @field(
        "An entity by its global key; null if it does not exist or belongs to another tenant. Each "
        "type requires its own permission.",
        Entity | None,
        needs=SIGNED_IN,
    )
    async def entity(
        self,
        info: Info,
        key: Annotated[str, argument("The global key: `TENANT#{tenantId}#{entityType}#{entityId}`.")],
        after_position: After = None,
    ) -> EntityRow | None:
        ask = info.context
        try:
            wanted = parse(key)
        except ValueError as error:
            raise bad_argument(str(error), "key") from None
        if wanted.tenant_id != ask.caller.tenant_id or wanted.entity_type not in BY_TYPE:
            return None
        _require(ask, wanted.entity_type)
        await ask.caught_up(EntityIndex, after_position)
        return await ask.row(EntityIndex, wanted.sk)

    @field(
        "Entities of one type by status and date, by pages. Each type requires its own permission.",
        needs=SIGNED_IN,
    )
    async def entities(
        self,
        info: Info,
        type: Annotated[EntityType, argument("The entities' type.")],
        filter: Annotated[EntityFilter | None, argument("The filter.")] = None,  # type: ignore[valid-type]
        order_by: Annotated[EntityOrder, argument("The sort order.")] = EntityOrder.CREATED_AT,
        direction: Annotated[Direction, argument("The sort direction.")] = Direction.DESC,
        first: Annotated[int | None, argument("How many items from the start, at most 100.")] = None,
        after: Annotated[str | None, argument("Only items after this cursor.")] = None,
        last: Annotated[int | None, argument("How many items from the end, at most 100.")] = None,
        before: Annotated[str | None, argument("Only items before this cursor.")] = None,
        after_position: After = None,
    ) -> Connection[Entity]:
        ask = info.context
        _require(ask, type)
        order = replace(_ORDERS[order_by], descending=direction is Direction.DESC)
        wanted = PageRequest(first=first, after=after, last=last, before=before)
        await ask.caught_up(EntityIndex, after_position)
        narrowed, where = EntityFilter.tree(filter), equals("entity_type", type)
        return await connect(ask, EntityIndex, filter=narrowed, where=where, order=order, wanted=wanted)


def _require(ask: RequestContext, kind: str) -> None:
    ask.require(BY_TYPE[kind].needs)
