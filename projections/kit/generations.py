"""Generations of views: which one is built by this code's version, and which one readers see."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import asyncpg

from projections.kit.postgres import PostgresView
from projections.kit.tables import table_shape
from projections.kit.view import View

# Quoted, for asyncpg's classes take parameters only in its stubs.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connect: TypeAlias = Callable[[], Awaitable[Connection]]

DDL_LOCK = 7311902764004
"""The advisory lock under which tables and generations of views are made and switched."""


async def enroll(pool: Pool, view: type[View[Any]]) -> int:
    """The generation that holds this version of the view; a version never seen before gets a new one.

    Safe to repeat and from many processes. The first generation of a view is live at once; a later one
    when `cut_over` makes it so.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
        known: int | None = await connection.fetchval(
            "select max(generation) from ops.lanes where view = $1 and version = $2", view.name, view.version
        )
        if known is None:
            known = await connection.fetchval(
                """insert into ops.lanes (view, generation, version, refill_until)
                   select $1, coalesce(max(generation), 0) + 1, $2,
                          (select coalesce(max(position), 0) from es.events)
                     from ops.lanes where view = $1
                   returning generation""",
                view.name,
                view.version,
            )
            assert known is not None
        await connection.execute(
            """insert into ops.views (view, store, inline, live) values ($1, $2, $3, $4)
               on conflict (view) do update set store = excluded.store, inline = excluded.inline
               where (views.store, views.inline) <> (excluded.store, excluded.inline)""",
            view.name,
            view.store,
            view.inline,
            known,
        )
        return known


async def live_generations(pool: Pool) -> dict[str, int]:
    """The generation of every view that readers see."""
    return {row["view"]: row["live"] for row in await pool.fetch("select view, live from ops.views")}


async def cut_over(owner: Connect, views: Sequence[type[View[Any]]], generations: Sequence[int]) -> None:
    """Makes these generations the ones that readers see, all in one transaction.

    Stores outside Postgres follow the pointer rows; the SQL views of Postgres views are replaced with them.
    """
    connection = await owner()
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            for view, generation in zip(views, generations, strict=True):
                await connection.execute(
                    "update ops.views set live = $2 where view = $1", view.name, generation
                )
                if issubclass(view, PostgresView):
                    for statement in table_shape(view, generation).publish:
                        await connection.execute(statement)
    finally:
        await connection.close()
