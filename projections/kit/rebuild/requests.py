"""Rebuilds on record: asked for, directed and watched by operators, carried out by rebuilders."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from projections.kit.declare.view import View
from projections.kit.read.conditions import Condition, bound
from projections.kit.rebuild.model import READ, Building, RebuildRecord, RebuildState, rebuild_of
from projections.kit.rebuild.schedule import WORTH_TELLING
from projections.kit.store.generations import DDL_LOCK, Connect, Pool, point
from projections.kit.store.rebuild_queue import RebuildRefused, ask, cancel

BEHIND = 2000
"""Events that a generation may lack at most when readers are sent to it; its follower has them in a moment."""


LOCKED = "select from ops.lanes where view = any($1) and phase = 'following' order by id for update"
# The one that served last, unless it was itself taken back.
_FORMER = """
select v.live, l.generation, l.version, l.position,
       (select coalesce(max(position), 0) from es.events) as head
  from ops.views v
  left join ops.lanes l on l.view = v.view and l.generation <> v.live and l.served_at is not null
                       and l.phase = 'following'
                       and not exists (select from ops.rebuild_views b where b.view = l.view
                                          and b.generation = l.generation and b.rolled_back_at is not null)
 where v.view = $1
 order by l.served_at desc nulls last limit 1
"""
_TAKE_BACK = """
update ops.rebuild_views set rolled_back_at = clock_timestamp(), rolled_back_by = $3
 where rebuild = $1 and view = $2
"""
_ALL_BACK = """
update ops.rebuilds r set state = 'rolled back'
 where id = $1 and not exists (
    select from ops.rebuild_views v where v.rebuild = r.id and v.rolled_back_at is null)
"""
_LIVE = "select view, live from ops.views where view = any($1) order by view"


class Rebuilds:
    """What operators ask of rebuilds; nothing here takes longer than a statement."""

    def __init__(
        self, pool: Pool, views: Sequence[type[View[Any]]], *, keep: timedelta, owner: Connect
    ) -> None:
        """``keep`` is how long the former generation stays, to roll back to; ``owner`` publishes tables."""
        self._pool = pool
        self._views = {view.name: view for view in views}
        self._keep = keep
        self._owner = owner

    @property
    def names(self) -> Collection[str]:
        """The names of the views that the code has."""
        return self._views.keys()

    async def kept(self) -> list[str]:
        """The views that are folded here, by name; those of a server that is not there are left out."""
        rows = await self._pool.fetch(
            """select v.view from ops.views v join ops.lanes l on l.view = v.view and l.generation = v.live
                where v.inline or l.read_at is not null
                   or not exists (select from ops.lanes where read_at is not null)
                order by v.view"""
        )
        return [row["view"] for row in rows if row["view"] in self._views]

    async def ask(
        self,
        names: Sequence[str],
        *,
        by: str,
        kind: str = "rebuild",
        tenant_id: UUID | None = None,
        rate: int | None = None,
        parallel: int = 2,
        repair: bool = False,
        id: UUID | None = None,
    ) -> UUID:
        """Ask for these views to be rebuilt; the same ``id`` again asks for nothing more.

        Raises Refused for a view that is unknown, of another version than this code's, or being built.
        """
        id = id or uuid4()
        views = [self._known(name) for name in dict.fromkeys(names)]
        async with self._pool.acquire() as connection, connection.transaction():
            await ask(
                connection,
                id,
                views,
                by=by,
                kind=kind,
                tenant_id=tenant_id,
                rate=rate,
                parallel=parallel,
                repair=repair,
            )
        return id

    async def pause(self, id: UUID) -> None:
        """Stop building after the chunk at hand. Raises Refused when it has ended."""
        await self._direct(id, "paused = true")

    async def resume(self, id: UUID) -> None:
        """Go on building where it was paused. Raises Refused when it has ended."""
        await self._direct(id, "paused = false")

    async def accept(self, id: UUID) -> None:
        """Take what was built although it differs from what is live. Raises Refused when it does not."""
        await self._direct(id, "repair = true, state = 'building'", state="differs")

    async def cancel(self, id: UUID) -> None:
        """Give up; what was built is dropped. Raises Refused when it has ended."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
            if not await cancel(connection, id):
                raise RebuildRefused(await self._why(id))

    async def rollback(self, id: UUID, names: Sequence[str] = (), *, by: str) -> dict[str, int]:
        """Take a rebuild back, or only some of its views: readers go to the former generations, all at once.

        Answers which are live now. A view that was taken back before is left as it is. Raises Refused when another
        generation has been cut over to since, or when a former one is gone or not up to date.
        """
        connection = await self._owner()
        try:
            async with connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
                rebuild = await self.one(id)
                meant = _meant(rebuild, names)
                # By id, as reports and appends lock them, so that nobody waits in a circle.
                await connection.execute(LOCKED, [member.view for member in meant])
                back = [member for member in meant if member.rolled_back_at is None]
                former = {member.view: await self._former(connection, member) for member in back}
                for member in back:
                    await retire(connection, member.view, member.generation, self._keep)
                    await connection.execute(_TAKE_BACK, id, member.view, by)
                await connection.execute(_ALL_BACK, id)
                await point(connection, [self._known(name) for name in former], list(former.values()))
                rows = await connection.fetch(_LIVE, [member.view for member in meant])
                return {row["view"]: row["live"] for row in rows}
        finally:
            await connection.close()

    # The owner's connection is of the driver's own type, which knows no rows, hence Any.
    async def _former(self, connection: Any, member: Building) -> int:
        """The generation that served before the one that was built, and can again."""
        row = await connection.fetchrow(_FORMER, member.view)
        if row["live"] != member.generation:
            raise RebuildRefused(
                f"Generation {row['live']} of {member.view} serves, and not generation {member.generation}, "
                "which this rebuild made."
            )
        if row["generation"] is None:
            raise RebuildRefused(f"{member.view} has no former generation any more.")
        version = self._known(member.view).version
        if row["version"] != version:
            raise RebuildRefused(
                f"The former generation of {member.view} is of version {row['version']}: "
                "code of that version reads it by itself."
            )
        if row["head"] - row["position"] > BEHIND:
            raise RebuildRefused(
                f"The former generation of {member.view} stands at {row['position']} of "
                f"{row['head']}; it has to catch up first."
            )
        generation: int = row["generation"]
        return generation

    async def one(self, id: UUID) -> RebuildRecord:
        """How a rebuild stands. Raises Refused when there is none."""
        row = await self._pool.fetchrow(f"{READ} where r.id = $1", id)
        if row is None:
            raise RebuildRefused(f"There is no rebuild {id}.")
        return rebuild_of(row)

    async def some(self, ids: Collection[UUID]) -> list[RebuildRecord]:
        """The rebuilds with these ids."""
        rows = await self._pool.fetch(f"{READ} where r.id = any($1)", list(ids))
        return [rebuild_of(row) for row in rows]

    async def all(
        self,
        *,
        where: Sequence[Condition] = (),
        limit: int = 20,
        before: tuple[datetime, UUID] | None = None,
    ) -> list[RebuildRecord]:
        """The newest rebuilds that meet the conditions, the newest first, but for comparisons by schedule that
        found nothing; those that were asked for before a moment, or then and with a smaller id."""
        arguments: list[Any] = [limit, *(before or (None, None))]
        earlier = "($2::timestamptz is null or (r.asked_at, r.id) < ($2, $3::uuid))"
        met = " and ".join([WORTH_TELLING, earlier, *bound(where, arguments)])
        rows = await self._pool.fetch(
            f"{READ} where {met} order by r.asked_at desc, r.id desc limit $1", *arguments
        )
        return [rebuild_of(row) for row in rows]

    async def watch(self, id: UUID, *, every: float = 0.5) -> AsyncIterator[RebuildRecord]:
        """How it stands, again and again until it no longer goes on by itself. Raises Refused as `one`."""
        while True:
            rebuild = await self.one(id)
            yield rebuild
            if not rebuild.working:
                return
            await asyncio.sleep(every)

    def _known(self, name: str) -> type[View[Any]]:
        if name not in self._views:
            raise RebuildRefused(f"There is no view {name}; there are {', '.join(sorted(self._views))}.")
        return self._views[name]

    async def _direct(self, id: UUID, change: str, *, state: str | None = None) -> None:
        states = [state] if state else ["building", "verifying", "differs"]
        done = await self._pool.fetchval(
            f"update ops.rebuilds set {change} where id = $1 and state = any($2) returning true", id, states
        )
        if not done:
            raise RebuildRefused(await self._why(id))

    async def _why(self, id: UUID) -> str:
        rebuild = await self.one(id)
        return f"The rebuild {id} is {rebuild.state} and cannot be changed so."


_CUT_OVER = (RebuildState.SWITCHED, RebuildState.FINISHED, RebuildState.ROLLED_BACK)


def _meant(rebuild: RebuildRecord, names: Sequence[str]) -> list[Building]:
    """The views of a rebuild that these names mean, none standing for all."""
    if rebuild.tenant_id is not None:
        raise RebuildRefused(
            f"The rebuild {rebuild.id} put rows of one tenant in place, which cannot be taken back."
        )
    if rebuild.state not in _CUT_OVER:
        raise RebuildRefused(f"The rebuild {rebuild.id} is {rebuild.state}: nothing was cut over to.")
    if strangers := sorted(set(names) - {member.view for member in rebuild.views}):
        raise RebuildRefused(f"{strangers[0]} is not in the rebuild {rebuild.id}.")
    return [member for member in rebuild.views if not names or member.view in names]


# A pool's proxy for a connection has no type of its own, hence Any.
async def retire(connection: Any, view: str, generation: int, keep: timedelta) -> None:
    """Let a generation go when ``keep`` is over; until then it is followed. In the caller's transaction."""
    await connection.execute(
        """update ops.lanes set drop_at = clock_timestamp() + $3 where view = $1 and generation = $2""",
        view,
        generation,
        keep,
    )
