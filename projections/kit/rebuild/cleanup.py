"""Drops generations whose time is over, and says whether there is anything to rebuild or drop."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from projections.kit.declare.view import View
from projections.kit.rebuild.retirement import placeholder
from projections.kit.store.generations import Pool
from projections.kit.store.store import Store

_REST = timedelta(seconds=3)
"""How long the storage of a dropped generation is left alone, so that whoever writes there has noticed. Readers
had a minute since the cut-over at least, until whose end it was kept and followed."""
# By id, as everybody locks several lanes, so that nobody waits in a circle.
_OVERDUE = """
with overdue as materialized (
    select l.id from ops.lanes l join ops.views v using (view)
     where l.generation <> v.live and l.phase = 'following' and l.drop_at < clock_timestamp()
     order by l.id for update of l
)
update ops.lanes l set phase = 'dropped', drop_at = clock_timestamp(), token = token + 1
  from overdue o where l.id = o.id
"""
# Of a view that was retired its lanes alone are left.
_DROPPABLE = """
select l.view, l.generation, l.version, coalesce(l.store, v.store) as store,
       l.drop_at < clock_timestamp() - $1::interval as due
  from ops.lanes l left join ops.views v using (view)
 where l.phase = 'dropped' and l.drop_at is not null
"""
# Rebuilds whose former generations are all gone cannot be rolled back any more.
_FINISH = """
update ops.rebuilds r set state = 'finished'
 where state = 'switched' and not exists (
    select from ops.rebuild_views v join ops.lanes l on l.view = v.view and l.generation = v.former
     where v.rebuild = r.id and v.former <> v.generation and v.rolled_back_at is null
      and (l.phase <> 'dropped' or l.drop_at is not null))
"""
_WAITING = """
select exists (select from ops.rebuilds where state in ('building', 'verifying'))
    or exists (select from ops.lanes l left join ops.views v using (view)
                where l.phase = 'dropped' and l.drop_at is not null and coalesce(l.store, v.store) = any($1))
    or exists (select from ops.lanes l join ops.views v using (view)
                where l.generation <> v.live and l.phase = 'following' and l.drop_at < clock_timestamp())
"""


async def waiting(pool: Pool, stores: Sequence[str]) -> bool:
    """Whether a rebuilder has anything to do that has these kinds of stores."""
    return bool(await pool.fetchval(_WAITING, stores))


class Cleanup:
    """Drops what nobody reads any more. Whatever it does is safe to do again."""

    def __init__(
        self, views: Sequence[View[Any]], stores: Callable[[View[Any], int], Store[Any]], pool: Pool
    ) -> None:
        self._views = {view.name: view for view in views}
        self._stores = stores
        self._pool = pool

    async def sweep(self) -> bool:
        """Drop generations whose time is over; whether any is still to be dropped."""
        await self._pool.execute(_OVERDUE)
        waits = False
        for row in await self._pool.fetch(_DROPPABLE, _REST):
            try:
                store = self._stores(self._view(row), row["generation"])
            except LookupError:
                continue  # Its server is not here.
            if not row["due"]:
                waits = True
                continue
            await store.drop()
            async with self._pool.acquire() as connection, connection.transaction():
                known = row["view"], row["generation"]
                await connection.execute(
                    "update ops.lanes set drop_at = null where view = $1 and generation = $2", *known
                )
                for table in ("ops.parked", "ops.discarded"):
                    await connection.execute(
                        f"delete from {table} where view = $1 and generation = $2", *known
                    )
        await self._pool.execute(_FINISH)
        return waits

    def _view(self, row: asyncpg.Record) -> View[Any]:
        view = self._views.get(row["view"])
        if view is None:
            return placeholder(row["view"], row["store"], row["version"])
        return _of_version(view, row["version"])


def _of_version(view: View[Any], version: int) -> View[Any]:
    """The view under the names of another of its versions, to find the storage that this one made."""
    if view.version == version:
        return view
    former = type(view)()
    # Keys and indexes are named by the version; nothing is folded or read in it.
    former.version = version  # type: ignore[misc]
    return former
