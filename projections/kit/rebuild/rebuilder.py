"""Carries out rebuilds: builds generations beside the live ones, compares them, and cuts over."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from projections.kit.declare.view import View
from projections.kit.follow import leases
from projections.kit.follow.lane import Lane, Ledger
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.follow.lease_locks import SESSION_LOST
from projections.kit.follow.leases import LaneLease, TakenLease
from projections.kit.rebuild.cleanup import Cleanup
from projections.kit.rebuild.cutover import Cutover
from projections.kit.rebuild.model import RebuildRecord
from projections.kit.rebuild.tenant_swap import Ahead
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.store import LeaseLost, Lost, Store

_logger = logging.getLogger(__name__)

_PATIENCE = 5.0
"""Seconds in which a task ends that was cancelled."""
_TRIES = 5
"""Attempts in a row that may fail without having moved, before a rebuild counts as failed."""


class Build(Protocol):
    """Folds the log into one generation in bulk."""

    async def __call__(
        self,
        view: View[Any],
        store: Store[Any],
        lane: Lane,
        ledger: Ledger,
        /,
        *,
        tenant_id: UUID | None,
        rate: int | None,
        until: int | None,
    ) -> None:
        """Go on from the checkpoint to near the head, or exactly to ``until``. Raises LeaseLost."""
        ...


@dataclass(slots=True)
class _Work:
    rebuild: UUID
    lane: Lane
    task: "asyncio.Task[None]"
    began_at: int


class Rebuilder:
    """One process's part of the rebuilds. Several may run, on any machine; leases keep them apart.

    Everything that matters is on record, so one that is killed leaves nothing undone: the next goes on
    from the last chunk that was written.
    """

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: Callable[[View[Any], int], Store[Any]],
        build: Build,
        switching: Cutover,
        *,
        connect: Connect,
        pool: Pool,
        name: str = "",
        beat: float = 0.5,
        stale: float = 5.0,
    ) -> None:
        self._views = {view.name: view for view in views}
        self._stores = stores
        self._build = build
        self._switching = switching
        self._dropping = Cleanup(views, stores, pool)
        self._connect = connect
        self._pool = pool
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._beat = beat
        self._stale = stale
        self._works: dict[int, _Work] = {}
        self._failures: dict[int, int] = {}
        self._settling: dict[UUID, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._me = 0
        self.ledger = OpsLedger(pool, lambda: [one.lane for one in self._works.values()])

    def stop(self) -> None:
        """End `run`; what is being built goes on elsewhere or later."""
        self._stopping.set()

    async def run(self, *, idle: float | None = None) -> None:
        """Work until stopped, or until there has been nothing to do for ``idle`` seconds."""
        reports = asyncio.create_task(self.ledger.run(), name="rebuild reports")
        try:
            while not self._stopping.is_set():
                try:
                    if await self._work(idle):
                        return
                except SESSION_LOST as error:
                    _logger.warning("The session that holds the builds is lost, connecting again: %r", error)
                    await self._sleep()
        finally:
            await _cancelled(reports)

    async def _work(self, idle: float | None) -> bool:
        connection = await self._connect()
        quiet = 0.0
        try:
            self._me = await leases.register(connection, self._name, "rebuilder")
            while not self._stopping.is_set() and (idle is None or quiet < idle):
                busy = await self._turn(connection)
                quiet = 0.0 if busy else quiet + self._beat
                await self._sleep()
            await self._end()
            await leases.leave(connection, self._me)
            return True
        finally:
            await self._end()
            self._works.clear()
            connection.terminate()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(self._beat):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _turn(self, connection: Connection) -> bool:
        """One beat; whether there is anything to do."""
        await self._reap(connection)
        await leases.heartbeat(connection, self._me, self._stale)
        rebuilds = {one.id: one for one in await self._switching.open()}
        await self._drop_works(connection, rebuilds)
        await self._begin(connection, rebuilds)
        for rebuild in rebuilds.values():
            if rebuild.id not in self._settling and not rebuild.paused:
                self._settle(rebuild)
        dropping = await self._dropping.sweep()
        return bool(rebuilds or self._works or dropping)

    async def _begin(self, connection: Connection, rebuilds: dict[UUID, RebuildRecord]) -> None:
        """Take lanes to build: of each rebuild as many as it may build at a time, the oldest rebuild first."""
        mine = [(view.name, view.version) for view in self._views.values()]
        standings = {
            (one.view, one.generation): one
            for one in await leases.survey(connection, mine, self._stale, phase="building")
        }
        for rebuild in rebuilds.values():
            if rebuild.paused:
                continue
            running = sum(one.rebuild == rebuild.id for one in self._works.values())
            for member in rebuild.views:
                standing = standings.get((member.view, member.generation))
                if standing is None or standing.id in self._works or running >= rebuild.parallel:
                    continue
                if standing.locked and not standing.stale:
                    continue
                # A table that is made now voids the lease, so it is made before.
                await self._stores(self._views[member.view], member.generation).prepare()
                if (taken := await leases.take(connection, standing, self._me)) is not None:
                    self._start(rebuild, standing, taken)
                    running += 1

    def _start(self, rebuild: RebuildRecord, standing: LaneLease, taken: TakenLease) -> None:
        lane = leases.lane_of(standing, taken, self.ledger.news)
        task = asyncio.create_task(self._one(rebuild, lane), name=f"build {lane.view}")
        self._works[lane.id] = _Work(rebuild.id, lane, task, lane.position)

    async def _one(self, rebuild: RebuildRecord, lane: Lane) -> None:
        """Build one view of a rebuild, and for one tenant puts its rows in place."""
        view = self._views[lane.view]
        store = self._stores(view, lane.generation)
        build = partial(self._build, view, store, lane, self.ledger, tenant_id=rebuild.tenant_id)
        await build(rate=rebuild.rate, until=None)
        if rebuild.tenant_id is not None:
            (member,) = (one for one in rebuild.views if one.view == lane.view)
            live = self._stores(view, member.former)
            # A live generation that is being refilled stands behind what was built.
            await self._switching.passes(view, member.former, lane.position)
            async with self._switching.frozen(view, member.former, self._connect) as checkpoint:
                await build(rate=None, until=checkpoint.position)
                stands = (await live.checkpoint()).position
                if not lane.position == checkpoint.position == stands:
                    # The rows would not be those of the checkpoint, or it would vouch for others that are gone.
                    raise Ahead(lane.view, max(lane.position, stands))
                await self._switching.put_in_place(rebuild, view, live, store, checkpoint)

    async def _reap(self, connection: Connection) -> None:
        ended = [one for one in self._works.values() if one.task.done()]
        for one in ended:
            error = None if one.task.cancelled() else one.task.exception()
            if one.task.cancelled() or isinstance(error, LeaseLost | Ahead | Lost):
                pass  # It goes on at the next beat, here or elsewhere.
            elif error is None:
                await self.ledger.report()
                await self._switching.built(one.rebuild, one.lane)
            else:
                await self._failed(one, error)
        await self._release(connection, ended)

    async def _failed(self, work: _Work, error: BaseException) -> None:
        moved = work.lane.position > work.began_at
        tries = self._failures[work.lane.id] = 1 if moved else self._failures.get(work.lane.id, 0) + 1
        _logger.error("%s cannot be built (attempt %s).", work.lane.view, tries, exc_info=error)
        if tries >= _TRIES:
            await self._switching.failed(work.rebuild, f"{work.lane.view}: {type(error).__name__}: {error}")

    async def _drop_works(self, connection: Connection, rebuilds: dict[UUID, RebuildRecord]) -> None:
        """Stop building what was paused or cancelled; the lease is given back, and nothing stays open."""
        gone = [
            one for one in self._works.values() if one.rebuild not in rebuilds or rebuilds[one.rebuild].paused
        ]
        await _cancelled(*(one.task for one in gone))
        await self._release(connection, gone)

    async def _release(self, connection: Connection, some: list[_Work]) -> None:
        if some:
            await self.ledger.report()
        for one in some:
            self._works.pop(one.lane.id, None)
            await leases.give_back(connection, one.lane.id, self._me)

    def _settle(self, rebuild: RebuildRecord) -> None:
        """Verify and cut over, as soon as all is built, in a task of its own."""
        if any(one.phase == "building" for one in rebuild.views):
            return
        self._settling[rebuild.id] = task = asyncio.create_task(
            _logged(self._switching.settle(rebuild.id, self._connect)), name=f"settle {rebuild.id}"
        )
        task.add_done_callback(lambda _: self._settling.pop(rebuild.id, None))

    async def _end(self) -> None:
        await _cancelled(*(one.task for one in self._works.values()), *self._settling.values())


class TaskStuck(Exception):
    """A task does not end though it was cancelled; only the end of the process ends it."""


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    """End ``tasks``. Raises Stuck for one that waits on: to wait with it would stop every rebuild for good."""
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    done, left = await asyncio.wait(tasks, timeout=_PATIENCE)
    for task in done:
        # Looked at, so that nobody complains that it was not.
        if not task.cancelled():
            task.exception()
    if left:
        raise TaskStuck(f"{', '.join(task.get_name() for task in left)} does not end.")


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """The next beat tries again whatever went wrong."""
    try:
        await work
    except Exception:
        _logger.exception("A rebuild cannot be settled yet; trying again.")
