"""The ids of a tenant, as the log has them."""

from typing import TypeAlias
from uuid import UUID

import asyncpg

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller

EVERYWHERE = {kind.only for kind in Aggregate.__subclasses__()} - {None}
"""The ids that every tenant has: of what there is one of in each."""
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def folded(connection: Connection) -> bool:
    """Whether every view has folded the whole log."""
    behind = await connection.fetchval(
        "select count(*) from ops.views v join ops.lanes l on l.view = v.view and l.generation = v.live"
        " where not v.inline and l.position < (select max(position) from es.events)"
    )
    return bool(behind == 0)


async def newest_ids(connection: Connection, owner: Caller) -> dict[str, str]:
    """The newest stream of every topic of an owner's tenant, and what else has an id, by its kind."""
    rows = await connection.fetch(
        "select distinct on (topic) topic, originator_id from es.streams"
        " where tenant_id = $1 or originator_id = $2"
        " or originator_id in (select originator_id from es.events where payload ->> 'user_id' = $2::text)"
        " order by topic, ended, first",
        owner.tenant_id,
        owner.user_id,
    )
    event = await connection.fetchrow(
        "select event_id, command_id from es.events where tenant_id = $1 limit 1", owner.tenant_id
    )
    assert event is not None
    found = {row["topic"]: row["originator_id"] for row in rows if row["originator_id"] not in EVERYWHERE}
    more = {"tenant": owner.tenant_id, "person": owner.user_id, **dict(event)}
    return {kind: str(id) for kind, id in {**found, **more}.items()}


async def all_ids(connection: Connection, owner: Caller) -> list[UUID]:
    """Every id of an owner's tenant in the log, but those that every tenant has."""
    rows = await connection.fetch(
        "select distinct unnest(array[tenant_id, originator_id, event_id, command_id]) as id from es.events"
        " where tenant_id = $1 or originator_id = $2 or payload ->> 'user_id' = $2::text",
        owner.tenant_id,
        owner.user_id,
    )
    return [row["id"] for row in rows if row["id"] not in EVERYWHERE]
