"""Generations of views: which one this code's version works on, and which one readers see."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias
from uuid import UUID, uuid4

import asyncpg

from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.store.table_names import table_name

# Quoted, for asyncpg's classes take parameters only in its stubs.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connect: TypeAlias = Callable[[], Awaitable[Connection]]


class ReaderPool(Protocol):
    """Lends connections of the role that sees the rows of one tenant only."""

    def reading(self, tenant_id: UUID) -> AbstractAsyncContextManager[Connection]:
        """A connection on which the database shows this tenant's rows and no others."""
        ...


DDL_LOCK = 7311902764004
"""The advisory lock under which tables and generations of views are made and switched."""

_LONG = 50_000
"""Events from which on a view that is new to an existing log is built in bulk, and not by following it."""

# Known is the generation that serves this version's readers, else the one that is being built for them.
_STANDING = """
select a.view, k.known, v.live, k.known is not null and (v.store, v.inline) = (a.store, a.inline) as current
  from unnest($1::text[], $2::int[], $3::text[], $4::bool[]) with ordinality
       as a(view, version, store, inline, number)
 cross join lateral (
       select coalesce(ops.serving(a.view, a.version),
                       (select max(l.generation) from ops.lanes l
                         where l.view = a.view and l.version = a.version and l.phase <> 'dropped'
                           and l.tenant_id is null)) as known) k
  left join ops.views v on v.view = a.view
 order by a.number
"""
_VIEW = """
insert into ops.views (view, store, inline, live) values ($1, $2, $3, $4)
on conflict (view) do update set store = excluded.store, inline = excluded.inline
"""
_ADD = """
insert into ops.lanes (view, generation, version, phase, served_at, tenant_id, refill_until)
select $1, coalesce(max(generation), 0) + 1, $2, $3, case when $4 then clock_timestamp() end, $5,
       (select coalesce(max(position), 0) from es.events)
  from ops.lanes where view = $1
returning generation
"""


async def enroll(pool: Pool, view: type[View[Any]]) -> int:
    """The generation that this version of the view works on; see `enroll_all`."""
    return (await enroll_all(pool, [view]))[view.name]


async def enroll_all(pool: Pool, views: Sequence[type[View[Any]]]) -> dict[str, int]:
    """The generations that these versions of the views work on, by name.

    Safe to repeat and from many processes. The first generation of a view is live at once. Versions never
    seen before get generations that are built beside the live ones, as one rebuild, which ends by cutting
    all of them over together.
    """
    declared = [(view.name, view.version, view.store, view.inline) for view in views]
    columns = [list(column) for column in zip(*declared, strict=True)] or [[], [], [], []]
    standing = await pool.fetch(_STANDING, *columns)
    if all(row["current"] for row in standing):
        return {row["view"]: row["known"] for row in standing}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
        long = await connection.fetchval("select coalesce(max(position), 0) > $1 from es.events", _LONG)
        found: dict[str, int] = {}
        building: list[tuple[str, int, int]] = []
        rows = await connection.fetch(_STANDING, *columns)
        for view, row in zip(views, rows, strict=True):
            known, live = row["known"], row["live"]
            if known is None:
                known = await add_generation(
                    connection, view, building=live is not None or long, served=live is None
                )
                if live is not None or long:
                    building.append((view.name, live or known, known))
            found[view.name] = known
            if not row["current"]:
                await connection.execute(_VIEW, view.name, view.store, view.inline, known)
        if building:
            rebuild = uuid4()
            await connection.execute(
                "insert into ops.rebuilds (id, kind, asked_by) values ($1, 'version', 'a new version')",
                rebuild,
            )
            await add_members(connection, rebuild, building)
        return found


async def add_generation(
    connection: "Connection | Any",
    view: type[View[Any]],
    *,
    building: bool,
    served: bool = False,
    tenant_id: UUID | None = None,
) -> int:
    """A new generation of the view's version. Under the `DDL_LOCK`, in the caller's transaction.

    A pool's proxy for a connection has no type of its own, hence Any.
    """
    phase = "building" if building else "following"
    generation: int = await connection.fetchval(_ADD, view.name, view.version, phase, served, tenant_id)
    return generation


async def add_members(
    connection: "Connection | Any", rebuild: UUID, members: Sequence[tuple[str, int, int]]
) -> None:
    """Which views a rebuild builds: name, former and new generation. In the caller's transaction."""
    await connection.executemany(
        "insert into ops.rebuild_views (rebuild, view, former, generation) values ($1, $2, $3, $4)",
        [(rebuild, *member) for member in members],
    )


async def live_generations(pool: Pool) -> dict[str, int]:
    """The live generation of every view."""
    return {row["view"]: row["live"] for row in await pool.fetch("select view, live from ops.views")}


async def point(
    connection: "Connection | Any", views: Sequence[type[View[Any]]], generations: Sequence[int]
) -> None:
    """Make these generations the live ones, in the caller's transaction, as the owner of the tables.

    Readers in every process follow the pointer rows, for all three stores alike; whoever looks at the
    tables with SQL finds the live one under the view's own name.
    """
    for view, generation in zip(views, generations, strict=True):
        await connection.execute("update ops.views set live = $2 where view = $1", view.name, generation)
        await connection.execute(
            """update ops.lanes set served_at = clock_timestamp(), drop_at = null
                where view = $1 and generation = $2""",
            view.name,
            generation,
        )
        if issubclass(view, PostgresView):
            for statement in table_name(view, generation).publish:
                await connection.execute(statement)


async def cut_over(owner: Connect, views: Sequence[type[View[Any]]], generations: Sequence[int]) -> None:
    """Make these generations the live ones, all in one transaction; see `point`."""
    connection = await owner()
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            await point(connection, views, generations)
    finally:
        await connection.close()
