"""Puts a rebuild on record, for a rebuilder to carry out: asked for by operators, or by who finds rows lost."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from projections.kit.declare.view import View
from projections.kit.store.generations import DDL_LOCK, Pool, add_generation, add_members

LOST = "a worker: rows were lost"
"""Who asks for rows that were lost, as it is on record."""
SCHEDULE = "the schedule"
"""Who asks for the comparisons of each day; they make way for whatever else is asked."""

_TOGETHER = 8
"""Tenants from whose loss on all rows of the view are refilled, which reads the log once."""
# One that could not be carried out is asked for again, but not at once.
_LOSERS = """
select t from unnest($2::uuid[]) t
 where not exists (select from ops.rebuilds r join ops.rebuild_views v on v.rebuild = r.id
                    where v.view = $1 and r.tenant_id = t and r.asked_by = $3
                      and r.state in ('cancelled', 'failed')
                      and r.ended_at > clock_timestamp() - interval '1 minute')
 order by t limit 1
"""


class RebuildRefused(Exception):
    """It cannot be done as things stand; the message is a sentence for the operator."""


# A pool's proxy for a connection has no type of its own, hence Any.
async def ask(
    connection: Any,
    id: UUID,
    views: Sequence[type[View[Any]]],
    *,
    by: str,
    kind: str = "rebuild",
    tenant_id: UUID | None = None,
    rate: int | None = None,
    parallel: int = 2,
    repair: bool = False,
) -> None:
    """Request a rebuild, in the caller's transaction, and give up scheduled comparisons that are running."""
    await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
    if await connection.fetchval("select true from ops.rebuilds where id = $1", id):
        return
    members: list[tuple[str, int, int]] = []
    for view in views:
        busy = await connection.fetchrow(
            """select r.id, r.asked_by from ops.rebuild_views v join ops.rebuilds r on r.id = v.rebuild
                where v.view = $1 and r.state in ('building', 'verifying', 'differs')""",
            view.name,
        )
        if busy is not None:
            if by == SCHEDULE or busy["asked_by"] != SCHEDULE:
                raise RebuildRefused(f"{view.name} is in the rebuild {busy['id']}, which has not ended.")
            await cancel(connection, busy["id"])
        if await connection.fetchval(
            "select paused_at is not null from ops.views where view = $1", view.name
        ):
            raise RebuildRefused(f"{view.name} is paused; it has to go on first.")
        served = await connection.fetchval("select ops.serving($1, $2)", view.name, view.version)
        if served is None:
            raise RebuildRefused(f"{view.name} has nothing live in version {view.version}.")
        added = await add_generation(connection, view, building=True, tenant_id=tenant_id)
        members.append((view.name, served, added))
    await connection.execute(
        """insert into ops.rebuilds (id, kind, tenant_id, rate, parallel, repair, asked_by)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        id,
        kind,
        tenant_id,
        rate,
        parallel,
        repair,
        by,
    )
    await add_members(connection, id, members)


async def ask_for_lost(pool: Pool, view: type[View[Any]], generation: int, tenants: Collection[UUID]) -> bool:
    """Ask for the rows of these tenants to be rebuilt in place, of one after the other; safe to repeat.

    False where that is no way: too many have lost rows, or readers are not sent to this generation. Then all
    of it is to be refilled.
    """
    served = await pool.fetchval("select ops.serving($1, $2)", view.name, view.version)
    if served != generation or len(tenants) > _TOGETHER:
        return False
    tenant_id = await pool.fetchval(_LOSERS, view.name, list(tenants), LOST)
    if tenant_id is not None:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await ask(connection, uuid4(), [view], by=LOST, tenant_id=tenant_id)
        except RebuildRefused:
            pass  # The view is being built; this comes next.
    return True


async def cancel(connection: Any, rebuild: UUID) -> bool:
    """End a rebuild that has not ended, and let go of what was built; whether there was one. In the caller's
    transaction, which holds the lock of generations."""
    done = await connection.fetchval(
        """update ops.rebuilds set state = 'cancelled', ended_at = clock_timestamp()
            where id = $1 and state in ('building', 'verifying', 'differs') returning true""",
        rebuild,
    )
    if done:
        await give_up(connection, rebuild)
    return bool(done)


async def give_up(connection: Any, rebuild: UUID) -> None:
    """Let go of all that was built for a rebuild and never read. In the caller's transaction."""
    # By id, as everybody locks several lanes, so that nobody waits in a circle.
    await connection.execute(
        """select from ops.lanes l join ops.rebuild_views v using (view)
            where v.rebuild = $1 and l.generation in (v.generation, v.former) order by l.id for update of l""",
        rebuild,
    )
    await connection.execute(
        """update ops.lanes l set phase = 'dropped', drop_at = clock_timestamp(), token = token + 1
             from ops.rebuild_views v
            where v.rebuild = $1 and l.view = v.view and l.generation = v.generation
              and l.served_at is null""",
        rebuild,
    )
    # A tenant's rows were being put in place there: whatever is half done, others may write again.
    await connection.execute(
        """update ops.lanes l set phase = 'following', token = token + 1
             from ops.rebuild_views v
            where v.rebuild = $1 and l.view = v.view and l.generation = v.former and l.phase = 'repairing'""",
        rebuild,
    )
