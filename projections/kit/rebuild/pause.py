"""Pauses views that serve: their rows stay as they are, and everybody is told that they do."""

from collections.abc import Sequence
from typing import Any

from projections.kit.declare.invalidation import Invalidation
from projections.kit.declare.view import View
from projections.kit.store.generations import DDL_LOCK, Pool
from projections.kit.store.rebuild_queue import LOST, SCHEDULE, RebuildRefused, cancel

_BUSY = """
select distinct r.id, r.asked_by = any($2) as own
  from ops.rebuilds r join ops.rebuild_views m on m.rebuild = r.id
 where m.view = any($1) and r.state in ('building', 'verifying', 'differs')
"""


class ViewPauses:
    """What operators ask of views that serve; workers let go of a paused one at their next beat."""

    def __init__(self, pool: Pool, views: Sequence[type[View[Any]]]) -> None:
        self._pool = pool
        self._views = {view.name: view for view in views}

    async def pause(self, names: Sequence[str], *, by: str) -> None:
        """Let views stand still, all or none of them.

        Comparisons by schedule that are at it are given up. Raises Refused for a view that is folded with the
        append, whose positions tell caches what is old, that is paused already, or that is being rebuilt.
        """
        for name in names:
            view = self._known(name)
            if view.inline:
                raise RebuildRefused(f"{name} is folded with the append and cannot be paused.")
            if issubclass(view, Invalidation):
                raise RebuildRefused(f"{name} says which cached answers are old and cannot be paused.")
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            for row in await connection.fetch(_BUSY, list(names), [SCHEDULE, LOST]):
                if not row["own"]:
                    raise RebuildRefused(f"The rebuild {row['id']} of these views has not ended.")
                await cancel(connection, row["id"])
            await self._set(
                connection, names, "paused_by = $2, paused_at = clock_timestamp()", by, paused=False
            )

    async def resume(self, names: Sequence[str]) -> None:
        """Let views go on, all or none of them. Raises Refused for one that is not paused."""
        for name in names:
            self._known(name)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            await self._set(connection, names, "paused_by = null, paused_at = null", paused=True)

    # A pool's proxy for a connection has no type of its own, hence Any.
    async def _set(
        self, connection: Any, names: Sequence[str], change: str, *more: object, paused: bool
    ) -> None:
        condition = "paused_at is not null" if paused else "paused_at is null"
        done = await connection.fetch(
            f"update ops.views set {change} where view = any($1) and {condition} returning view",
            list(names),
            *more,
        )
        if left := sorted(set(names) - {row["view"] for row in done}):
            raise RebuildRefused(f"{left[0]} is {'not paused' if paused else 'paused already'}.")

    def _known(self, name: str) -> type[View[Any]]:
        if name not in self._views:
            raise RebuildRefused(f"There is no view {name}; there are {', '.join(sorted(self._views))}.")
        return self._views[name]
