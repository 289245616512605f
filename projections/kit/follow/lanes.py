"""Shares the lanes of all views among the workers, on however many machines."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from projections.kit.background import end, running
from projections.kit.declare.view import View
from projections.kit.follow import leases
from projections.kit.follow.follower import ViewFollower
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.follow.lease_locks import SESSION_LOST
from projections.kit.follow.leases import LaneLease, TakenLease
from projections.kit.follow.pages import Source
from projections.kit.follow.watch import Watch
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.store import LeaseLost, Store

_logger = logging.getLogger(__name__)

_GRACE = 2.0
"""Seconds that a page may take to finish when its lane is given up."""
_PAUSE = 0.1
"""Seconds between two beats at the least, however much happens."""


StoreOf = Callable[[View[Any], int], Store[Any]]
"""The store of a view's generation. Rows differ in type, hence Any."""


@dataclass(slots=True)
class _Held:
    lane: Lane
    follower: ViewFollower[Any]
    task: "asyncio.Task[None]"
    standing: LaneLease


class Lanes:
    """One worker's part of the lanes: takes its fair share, follows them, gives some up to newcomers.

    A lane is leased by an advisory lock of this worker's own session, so the lease ends with the process.
    A holder that is alive but shows no heartbeat for ``stale`` seconds loses the lane to another worker;
    when it wakes up its token is old, and every store refuses its writes. Inline views are followed only
    while they are behind: the appenders keep them otherwise.
    """

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: StoreOf,
        *,
        connect: Connect,
        pool: Pool,
        pages: Source,
        watch: Watch | None = None,
        name: str = "",
        beat: float = 1.0,
        stale: float = 5.0,
    ) -> None:
        """``connect`` makes the session that holds the leases, ``pool`` is for reports; both as the writer."""
        self._views = {view.name: view for view in views}
        self._stores = stores
        self._connect = connect
        self._pages = pages
        self._watch = watch
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._beat = beat
        self._stale = stale
        self._held: dict[int, _Held] = {}
        self._behind: set[int] = set()
        self._woken = asyncio.Event()
        self._stopping = False
        self._worker = 0
        self.ledger = OpsLedger(pool, self.held)

    def held(self) -> list[Lane]:
        """The lanes that this worker holds now."""
        return [one.lane for one in self._held.values()]

    def stop(self) -> None:
        """End `run` in order: pages at hand are finished, lanes given back."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped or cancelled. A lost connection costs the lanes for a moment, no more."""
        async with running(self.ledger.run(), name="lane reports"):
            while not self._stopping:
                try:
                    await self._work()
                except SESSION_LOST as error:
                    _logger.warning("The session that holds the lanes is lost, connecting again: %r", error)
                    await asyncio.sleep(self._beat)

    async def _work(self) -> None:
        connection = await self._connect()
        try:
            self._worker = await leases.register(connection, self._name)
            try:
                while not self._stopping:
                    self._woken.clear()
                    await self._turn(connection)
                    await self._pause()
            finally:
                await self._end(self._held.values())
            await self.ledger.report()
            await leases.leave(connection, self._worker)
        finally:
            self._held.clear()
            connection.terminate()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._beat):
                await self._woken.wait()
            await asyncio.sleep(_PAUSE)
        except TimeoutError:
            pass

    async def _turn(self, connection: Connection) -> None:
        """One beat: shows that we live, looks who else does, and takes or gives back lanes."""
        await self._reap(connection)
        workers = await leases.heartbeat(connection, self._worker, self._stale)
        mine = [(view.name, view.version) for view in self._views.values()]
        surveyed = await leases.survey(connection, mine, self._stale)
        standings = [one for one in surveyed if not one.paused]
        await self._compare(connection, {one.id: one for one in standings})
        shared = [one for one in standings if not one.inline]
        share = -(-len(shared) // max(workers, 1))
        await self._give_back(connection, share, {one.id for one in standings if one.caught_up})
        for standing in self._wanted(standings):
            if not standing.inline and self._shared() >= share:
                continue
            if (taken := await leases.take(connection, standing, self._worker)) is not None:
                self._follow(standing, taken)

    def _shared(self) -> int:
        return sum(not one.standing.inline for one in self._held.values())

    def _wanted(self, standings: list[LaneLease]) -> list[LaneLease]:
        """Lanes that nobody has or whose holder is silent; inline ones once they are behind for two beats."""
        behind = {one.id for one in standings if one.inline and not one.caught_up}
        late, self._behind = behind & self._behind, behind
        free = (one for one in standings if one.id not in self._held and (one.stale or not one.locked))
        return [one for one in free if not one.inline or one.id in late]

    def _follow(self, standing: LaneLease, taken: TakenLease) -> None:
        view = self._views[standing.view]
        store = self._stores(view, standing.generation)
        lane = leases.lane_of(standing, taken, self.ledger.news)
        follower = ViewFollower(view, store, self._pages, lane, self.ledger, watch=self._watch)
        task = asyncio.create_task(follower.run(), name=f"lane {standing.view}")
        task.add_done_callback(lambda _: self._woken.set())
        self._held[standing.id] = _Held(lane, follower, task, standing)

    async def _reap(self, connection: Connection) -> None:
        """Let go of lanes whose followers have ended by themselves."""
        ended = [one for one in self._held.values() if one.task.done()]
        for one in ended:
            error = None if one.task.cancelled() else one.task.exception()
            if isinstance(error, LeaseLost):
                _logger.info("The lease of %s ended: %s.", one.lane.view, error)
            elif error is not None:
                _logger.error("The follower of %s ended.", one.lane.view, exc_info=error)
        await self._release(connection, ended)

    async def _compare(self, connection: Connection, standings: dict[int, LaneLease]) -> None:
        """Take note of what changed about the lanes it holds, and let go of those not to be followed.

        Nor are those whose token is newer than ours: an append took them over, which holds no lock. Their
        followers notice that when they write, but those with nothing to write would hold them for ever.
        """
        await self._release(connection, [one for one in self._held.values() if not _ours(one, standings)])
        for one in self._held.values():
            one.standing = standings[one.lane.id]

    async def _give_back(self, connection: Connection, share: int, caught_up: set[int]) -> None:
        inline = [one for one in self._held.values() if one.standing.inline and one.lane.id in caught_up]
        shared = [one for one in self._held.values() if not one.standing.inline]
        await self._release(connection, [*inline, *shared[max(share, 0) :]])

    async def _release(self, connection: Connection, some: list[_Held]) -> None:
        if not some:
            return
        await self._end(some)
        await self.ledger.report()
        for one in some:
            self._held.pop(one.lane.id, None)
            await leases.give_back(connection, one.lane.id, self._worker)

    async def _end(self, some: Iterable[_Held]) -> None:
        tasks = [one.task for one in some]
        for one in some:
            one.follower.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
            await end(*tasks)


def _ours(one: _Held, standings: dict[int, LaneLease]) -> bool:
    standing = standings.get(one.lane.id)
    return standing is not None and standing.token == one.lane.token
