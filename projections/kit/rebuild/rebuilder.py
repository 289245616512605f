"""Carries out rebuilds: builds generations beside the live ones, compares them, and cuts over."""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from projections.kit.background import end
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane, Ledger
from projections.kit.follow.lane_worker import LaneWorker, LeasedLane, StoreOf
from projections.kit.follow.leases import LaneLease
from projections.kit.rebuild.cleanup import Cleanup
from projections.kit.rebuild.cutover import Cutover
from projections.kit.rebuild.model import RebuildRecord
from projections.kit.rebuild.tenant_swap import Ahead
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.store import LeaseLost, Lost, Store

_logger = logging.getLogger(__name__)

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


@dataclass(slots=True, kw_only=True)
class _Built(LeasedLane):
    rebuild: UUID
    began_at: int


class Rebuilder(LaneWorker[_Built]):
    """One process's part of the rebuilds. Several may run, on any machine; leases keep them apart.

    Everything that matters is on record, so one that is killed leaves nothing undone: the next goes on
    from the last chunk that was written.
    """

    _kind = "rebuilder"

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: StoreOf,
        build: Build,
        switching: Cutover,
        *,
        connect: Connect,
        pool: Pool,
        name: str = "",
        beat: float = 0.5,
        stale: float = 5.0,
    ) -> None:
        super().__init__(views, stores, connect=connect, pool=pool, name=name, beat=beat, stale=stale)
        self._build = build
        self._switching = switching
        self._dropping = Cleanup(views, stores, pool)
        self._failures: dict[int, int] = {}
        self._settling: dict[UUID, asyncio.Task[None]] = {}
        self._idle: float | None = None
        self._busy_at = 0.0

    async def run(self, *, idle: float | None = None) -> None:
        """Work until stopped, or until there has been nothing to do for ``idle`` seconds.

        Raises TaskStuck for a build that does not end: to wait with it would stop every rebuild permanently.
        """
        self._idle, self._busy_at = idle, _now()
        await super().run()

    async def _turn(self, connection: Connection) -> None:
        lanes = (await self._beat_lanes(connection, phase="building")).lanes
        rebuilds = {rebuild.id: rebuild for rebuild in await self._switching.open()}
        # The lease of what was paused or cancelled is given back, and nothing stays open.
        going = {rebuild.id for rebuild in rebuilds.values() if not rebuild.paused}
        await self._release(
            connection, [build for build in self._tasks.values() if build.rebuild not in going]
        )
        await self._take_lanes(connection, rebuilds, lanes)
        for rebuild in rebuilds.values():
            if rebuild.id not in self._settling and not rebuild.paused:
                self._settle(rebuild)
        dropping = await self._dropping.sweep()
        if rebuilds or self._tasks or dropping:
            self._busy_at = _now()
        elif self._idle is not None and _now() - self._busy_at >= self._idle:
            self.stop()

    async def _take_lanes(
        self, connection: Connection, rebuilds: dict[UUID, RebuildRecord], lanes: Sequence[LaneLease]
    ) -> None:
        """Take lanes to build: of each rebuild as many as it may build at a time, the oldest rebuild first."""
        standings = {(lease.view, lease.generation): lease for lease in lanes}
        for rebuild in rebuilds.values():
            if rebuild.paused:
                continue
            running = sum(build.rebuild == rebuild.id for build in self._tasks.values())
            for member in rebuild.views:
                standing = standings.get((member.view, member.generation))
                if standing is None or standing.id in self._tasks or running >= rebuild.parallel:
                    continue
                if standing.locked and not standing.stale:
                    continue
                # A table that is made now voids the lease, so it is made before.
                await self._stores(self._views[member.view], member.generation).prepare()
                if (lane := await self._take(connection, standing)) is not None:
                    # Its end wakes nobody: a build that fails at once is not tried again before the next beat.
                    task = asyncio.create_task(self._build_one(rebuild, lane), name=f"build {lane.view}")
                    self._tasks[lane.id] = _Built(
                        id=lane.id, lane=lane, task=task, rebuild=rebuild.id, began_at=lane.position
                    )
                    running += 1

    async def _build_one(self, rebuild: RebuildRecord, lane: Lane) -> None:
        """Build one view of a rebuild, and for one tenant put its rows in place."""
        view = self._views[lane.view]
        store = self._stores(view, lane.generation)
        build = partial(self._build, view, store, lane, self.ledger, tenant_id=rebuild.tenant_id)
        await build(rate=rebuild.rate, until=None)
        if rebuild.tenant_id is not None:
            (member,) = (member for member in rebuild.views if member.view == lane.view)
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

    async def _ended(self, leased: _Built, error: BaseException | None) -> None:
        if isinstance(error, LeaseLost | Ahead | Lost):
            return  # It goes on at the next beat, here or elsewhere.
        if error is None:
            await self.ledger.report()
            await self._switching.built(leased.rebuild, leased.lane)
            return
        view, moved = leased.lane.view, leased.lane.position > leased.began_at
        tries = self._failures[leased.id] = 1 if moved else self._failures.get(leased.id, 0) + 1
        _logger.error("%s cannot be built (attempt %s).", view, tries, exc_info=error)
        if tries >= _TRIES:
            await self._switching.failed(leased.rebuild, f"{view}: {type(error).__name__}: {error}")

    def _settle(self, rebuild: RebuildRecord) -> None:
        """Verify and cut over, as soon as all is built, in a task of its own."""
        if any(member.phase == "building" for member in rebuild.views):
            return
        self._settling[rebuild.id] = task = asyncio.create_task(
            _logged(self._switching.settle(rebuild.id, self._connect)), name=f"settle {rebuild.id}"
        )
        task.add_done_callback(lambda _: self._settling.pop(rebuild.id, None))

    async def _session(self) -> None:
        try:
            await super()._session()
        finally:
            await end(*self._settling.values(), once=True)

    async def _end(self, leased: Collection[_Built]) -> None:
        await end(*(build.task for build in leased), once=True)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """The next beat tries again whatever went wrong."""
    try:
        await work
    except Exception:
        _logger.exception("A rebuild cannot be finished yet; trying again.")


def _now() -> float:
    return asyncio.get_running_loop().time()
