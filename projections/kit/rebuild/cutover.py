"""What ends a rebuild: comparing what was built, cutting over in one transaction, dropping what is of no use."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from projections.kit.declare.view import View, ViewStore
from projections.kit.follow import leases
from projections.kit.follow.lane import Lane
from projections.kit.follow.parking import adopt
from projections.kit.rebuild.comparison import Report, compare
from projections.kit.rebuild.model import READ, Building, RebuildRecord, RebuildState, rebuild_of
from projections.kit.rebuild.requests import BEHIND, LOCKED, retire
from projections.kit.rebuild.tenant_swap import put_in_place
from projections.kit.store.generations import DDL_LOCK, Connect, Connection, Pool, point
from projections.kit.store.rebuild_queue import give_up
from projections.kit.store.store import Checkpoint, Store, Upkeep

_logger = logging.getLogger(__name__)

_SETTLING = 0x4879
"""The class of the advisory locks under which one process settles a rebuild."""
_PAUSE = 0.2

_OPEN = f"{READ} where r.state in ('building', 'verifying') order by r.asked_at"


class Cutover:
    """Settles rebuilds: whatever it does is on record, and safe to do again."""

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: Callable[[View[Any], int], Store[Any]],
        *,
        pool: Pool,
        owner: Connect,
        keep: timedelta,
    ) -> None:
        """``keep`` is how long a former generation stays, to roll back to."""
        self._views = {view.name: view for view in views}
        self._stores = stores
        self._pool = pool
        self._owner = owner
        self._keep = keep

    async def open(self) -> list[RebuildRecord]:
        """The rebuilds that go on by themselves, the oldest first."""
        return [rebuild_of(row) for row in await self._pool.fetch(_OPEN)]

    async def built(self, rebuild: UUID, lane: Lane) -> None:
        """Note that a generation has come near the head; workers follow it from here on."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """update ops.lanes set phase = case when tenant_id is null then 'following' else 'dropped' end,
                          drop_at = case when tenant_id is null then null else clock_timestamp() end
                    where id = $1 and token = $2 and phase = 'building'""",
                lane.id,
                lane.token,
            )
            await connection.execute(
                """update ops.rebuild_views set built_at = clock_timestamp()
                    where rebuild = $1 and view = $2 and built_at is null""",
                rebuild,
                lane.view,
            )

    async def failed(self, rebuild: UUID, error: str) -> None:
        """Give a rebuild up permanently."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._close(connection, rebuild, "failed", error)
            await give_up(connection, rebuild)

    async def settle(self, id: UUID, connect: Connect) -> None:
        """Verify what was built and cuts over, unless another process is at it."""
        connection = await connect()
        try:
            if not await connection.fetchval(
                "select pg_try_advisory_lock($1::int, hashtext($2))", _SETTLING, str(id)
            ):
                return
            rebuild = await self._read(id)
            if rebuild.tenant_id is not None:
                await self._close(connection, id, "finished")
                return
            await self._near_head(rebuild)
            if not await self._enter(connection, id, "verifying", "building", "verifying"):
                return
            reports: dict[str, Report] = {}
            for member in rebuild.views:
                known = await self._known(member) if rebuild.state == RebuildState.VERIFYING else None
                reports[member.view] = known or await self._verify(member)
                await self._report(id, member.view, reports[member.view])
            wrong = [view for view, member in reports.items() if member.differing or not member.complete]
            if differing := bool(wrong):
                _logger.error("%s: %s differs from the log.", id, ", ".join(wrong))
            if rebuild.kind == "reconcile" and not (rebuild.repair and differing):
                await self._finish_reconciling(connection, id)
            elif differing and not rebuild.repair:
                await self._enter(connection, id, "differs", "verifying")
            else:
                await self._cut_over(rebuild)
        finally:
            await connection.close()

    async def passes(self, view: View[Any], generation: int, position: int) -> None:
        """Wait until a generation has folded up to a position."""
        stands = "select position from ops.lanes where view = $1 and generation = $2"
        while int(await self._pool.fetchval(stands, view.name, generation) or 0) < position:  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE)  # It is moved by another process.

    @asynccontextmanager
    async def frozen(self, view: View[Any], generation: int, connect: Connect) -> AsyncIterator[Checkpoint]:
        """Inside the block nobody but its holder writes this generation, which stands at the checkpoint.

        Readers go on. Workers give the lane back at their next beat, and take it again afterwards.
        """
        await self._phase(view, generation, "following", "repairing")
        connection = await connect()
        try:
            me = await leases.register(
                connection, f"{socket.gethostname()}:{os.getpid()} in place", "rebuilder"
            )
            while True:
                (standing,) = (
                    member
                    for member in await leases.survey(
                        connection, [(view.name, view.version)], 60, phase="repairing"
                    )
                    if member.generation == generation
                )
                if (taken := await leases.take(connection, standing, me)) is not None:
                    break
                await asyncio.sleep(_PAUSE)
            yield Checkpoint(taken.position, taken.folded, taken.token)
            await leases.give_back(connection, standing.id, me)
            await leases.leave(connection, me)
        finally:
            connection.terminate()
            await self._phase(view, generation, "repairing", "following")

    async def put_in_place(
        self,
        rebuild: RebuildRecord,
        view: View[Any],
        live: Store[Any],
        built: Store[Any],
        checkpoint: Checkpoint,
    ) -> None:
        """Make the tenant's rows in the live generation those that were built; see `frozen`."""
        assert rebuild.tenant_id is not None
        changed = await put_in_place(view, live, built, checkpoint, rebuild.tenant_id)
        async with self._pool.acquire() as connection, connection.transaction():
            (member,) = (member for member in rebuild.views if member.view == view.name)
            known = view.name, member.former, member.generation, rebuild.tenant_id
            await adopt(connection, *known)
        report = Report(
            rows=changed, compared=0, differing=0, examples=(), complete=True, note="rows put in place"
        )
        await self._report(rebuild.id, view.name, report)

    async def _near_head(self, rebuild: RebuildRecord) -> None:
        """Wait until every generation has folded all but the newest events."""
        while any(member.target - member.position > BEHIND for member in rebuild.views):
            await asyncio.sleep(_PAUSE)
            rebuild = await self._read(rebuild.id)

    async def _verify(self, member: Building) -> Report:
        view = self._views[member.view]
        new = self._stores(view, member.generation)
        if isinstance(new, Upkeep):
            await new.caught_up()
        former_version = await self._pool.fetchval(
            "select version from ops.lanes where view = $1 and generation = $2", member.view, member.former
        )
        complete = await self._complete(member)
        if member.former == member.generation or former_version != view.version:
            note = f"built in version {view.version}; nothing of that version to compare with"
            rows = await new.count()
            return Report(rows=rows, compared=0, differing=0, examples=(), complete=complete, note=note)

        async def positions() -> tuple[int, int]:
            rows = await self._pool.fetch(
                "select generation, position from ops.lanes where view = $1 and generation = any($2)",
                member.view,
                [member.former, member.generation],
            )
            stand = {row["generation"]: row["position"] for row in rows}
            return stand[member.former], stand[member.generation]

        report = await compare(view, self._stores(view, member.former), new, positions)
        if await self._newly_parked(member):
            return replace(report, complete=False, note="streams are parked that are not in the live one")
        return replace(report, complete=report.complete and complete)

    async def _known(self, member: Building) -> Report | None:
        """What a process that was killed had found, where that still holds: what is in other stores than Postgres
        may have been lost since."""
        report = member.report
        if report is None or member.store != ViewStore.POSTGRES or report.differing or not report.complete:
            return None
        return report if await self._complete(member) and not await self._newly_parked(member) else None

    async def _complete(self, member: Building) -> bool:
        stands = "select folded = position from ops.lanes where view = $1 and generation = $2"
        return bool(await self._pool.fetchval(stands, member.view, member.generation))

    async def _newly_parked(self, member: Building) -> bool:
        return bool(
            await self._pool.fetchval(
                """select true from ops.parked n where view = $1 and generation = $2 and not exists (
                       select from ops.parked o where o.view = $1 and o.generation = $3
                          and o.tenant_id = n.tenant_id and o.stream = n.stream)
                   limit 1""",
                member.view,
                member.generation,
                member.former,
            )
        )

    async def _cut_over(self, rebuild: RebuildRecord) -> None:
        """Send readers to what was built, all views in one transaction."""
        owner = await self._owner()
        try:
            async with owner.transaction():
                await owner.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
                if not await self._enter(owner, rebuild.id, "switched", "verifying"):
                    return
                # By id, as reports and appends lock them, so that nobody waits in a circle.
                await owner.execute(LOCKED, [member.view for member in rebuild.views])
                for member in rebuild.views:
                    # Whatever was cut over to meanwhile is the one that is left.
                    live = await owner.fetchval("select live from ops.views where view = $1", member.view)
                    if live != member.generation:
                        await retire(owner, member.view, live, self._keep)
                views = [type(self._views[member.view]) for member in rebuild.views]
                await point(owner, views, [member.generation for member in rebuild.views])
        finally:
            await owner.close()
        _logger.info("Readers see %s.", ", ".join(f"{v.view} g{v.generation}" for v in rebuild.views))

    async def _finish_reconciling(self, connection: Connection, id: UUID) -> None:
        async with connection.transaction():
            await self._close(connection, id, "reported")
            await give_up(connection, id)

    async def _enter(self, connection: Connection, id: UUID, state: str, *before: str) -> bool:
        """Move on to a state; False when the rebuild is in none of those before, so it was cancelled."""
        return bool(
            await connection.fetchval(
                """update ops.rebuilds set state = $2,
                          ended_at = case when $2 = 'switched' then clock_timestamp() end
                    where id = $1 and state = any($3) returning true""",
                id,
                state,
                list(before),
            )
        )

    # A pool's proxy for a connection has no type of its own, hence Any.
    async def _close(self, connection: Any, id: UUID, state: str, error: str | None = None) -> None:
        await connection.execute(
            """update ops.rebuilds set state = $2, ended_at = clock_timestamp(), error = $3
                where id = $1 and state in ('building', 'verifying')""",
            id,
            state,
            error,
        )

    async def _report(self, id: UUID, view: str, report: Report) -> None:
        await self._pool.execute(
            "update ops.rebuild_views set report = $3::jsonb where rebuild = $1 and view = $2",
            id,
            view,
            msgspec.json.encode(report).decode(),
        )

    async def _phase(self, view: View[Any], generation: int, before: str, after: str) -> None:
        await self._pool.execute(
            "update ops.lanes set phase = $4 where view = $1 and generation = $2 and phase = $3",
            view.name,
            generation,
            before,
            after,
        )

    async def _read(self, id: UUID) -> RebuildRecord:
        return rebuild_of(await self._pool.fetchrow(f"{READ} where r.id = $1", id))
