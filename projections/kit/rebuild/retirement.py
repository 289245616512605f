"""Retires views that the code no longer has: all their generations are dropped, in every store."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import Row
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import View
from projections.kit.follow.lease_locks import LANES, SILENCE
from projections.kit.store.generations import DDL_LOCK, Pool
from projections.kit.store.rebuild_queue import RebuildRefused

# Who holds a lane has its lock, and lives.
_HELD = """
select l.view, w.name from ops.lanes l join ops.workers w on w.id = l.holder
 where l.view = any($1) and clock_timestamp() - w.heartbeat_at < make_interval(secs => $3)
   and exists (select from pg_locks k
                where k.locktype = 'advisory' and k.granted and k.classid = $2::int::oid and k.objid = l.id::oid
                  and k.database = (select oid from pg_database where datname = current_database()))
"""
_BUSY = """
select r.id from ops.rebuilds r join ops.rebuild_views m on m.rebuild = r.id
 where m.view = any($1) and r.state in ('building', 'verifying', 'differs')
"""
_DROP = """
update ops.lanes l set phase = 'dropped', holder = null, token = token + 1, store = v.store,
       drop_at = case when l.phase = 'dropped' then l.drop_at else clock_timestamp() end
  from ops.views v where v.view = l.view and v.view = any($1)
"""


class ViewRetirement:
    """What operators ask of views that no code has any more."""

    def __init__(self, pool: Pool, known: Collection[str]) -> None:
        """``known``: the names of the views that the code has."""
        self._pool, self._known = pool, known

    async def names(self) -> list[str]:
        """The names of all views that are on record here, those of other code included."""
        rows = await self._pool.fetch("select view from ops.views order by view")
        return [row["view"] for row in rows]

    async def retire(self, names: Sequence[str]) -> None:
        """Let go of views, all or none of them; a rebuilder drops their rows, keys and documents.

        Raises RebuildRefused for a view that is not there, that this code has, that a worker of other code
        folds, or that is being rebuilt.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            there = await connection.fetch("select view from ops.views order by view")
            for name in names:
                if name not in {row["view"] for row in there}:
                    raise RebuildRefused(
                        f"There is no view {name}; there are {', '.join(row['view'] for row in there)}."
                    )
                if name in self._known:
                    raise RebuildRefused(f"{name} is a view of this version of the code.")
            for row in await connection.fetch(_HELD, names, LANES, SILENCE):
                raise RebuildRefused(
                    f"{row['view']} is folded by {row['name']}, whose code has it; stop it first."
                )
            for row in await connection.fetch(_BUSY, names):
                raise RebuildRefused(f"The rebuild {row['id']} of these views has not ended.")
            await connection.execute(_DROP, names)
            await connection.execute("delete from ops.views where view = any($1)", names)


class _Any(Row):
    id: UUID


# Rows of views differ in type, hence Any.
def placeholder(name: str, store: str, version: int) -> View[Any]:
    """A view that no code has, under the names by which its storage is found; nothing is folded or read in it."""
    kind: type[View[Any]]
    if store == PostgresView.store:

        class Table(PostgresView[_Any], name=name, version=version):
            """A table."""

        kind = Table
    elif store == RedisView.store:

        class Keys(RedisView[_Any], name=name, version=version):
            """Keys."""

        kind = Keys
    else:

        class Documents(SearchView[_Any], name=name, version=version):
            """An index."""

        kind = Documents
    return kind()
