"""Shares the lanes of all views among the workers, on however many machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projections.kit.declare.view import View
from projections.kit.follow.follower import ViewFollower
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_worker import LaneWorker, LeasedLane, StoreOf
from projections.kit.follow.leases import LaneLease
from projections.kit.follow.pages import Pages
from projections.kit.follow.watch import Watch
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.shared_statements import SharedStatements


@dataclass(slots=True, kw_only=True)
class _Followed(LeasedLane):
    standing: LaneLease


class Lanes(LaneWorker[_Followed]):
    """One worker's part of the lanes: takes its fair share, follows them, gives some up to newcomers.

    Inline views are followed only while they are behind: the appenders keep them otherwise.
    """

    _kind, _grace = "worker", 2.0

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: StoreOf,
        *,
        connect: Connect,
        pool: Pool,
        pages: Pages,
        watch: Watch | None = None,
        shared: SharedStatements | None = None,
        name: str = "",
        beat: float = 1.0,
        stale: float = 5.0,
    ) -> None:
        """``shared``: by which the stores save, and that takes positions along."""
        super().__init__(views, stores, connect=connect, pool=pool, name=name, beat=beat, stale=stale)
        if shared is not None:
            shared.passing = self.ledger.passing
        self._pages = pages
        self._watch = watch
        self._behind: set[int] = set()

    async def _turn(self, connection: Connection) -> None:
        """Show that we live, look who else does, and take or give back lanes."""
        beat = await self._beat_lanes(connection, phase="following")
        self._pages.heard(beat.head)
        standings = [standing for standing in beat.lanes if not standing.paused]
        await self._compare(connection, {standing.id: standing for standing in standings})
        shared = [standing for standing in standings if not standing.inline]
        share = -(-len(shared) // max(beat.workers, 1))
        await self._balance(connection, share, {standing.id for standing in standings if standing.caught_up})
        for standing in self._wanted(standings):
            if not standing.inline and len(self._shared()) >= share:
                continue
            if (lane := await self._take(connection, standing)) is not None:
                self._follow(standing, lane)

    def _shared(self) -> list[_Followed]:
        return [followed for followed in self._tasks.values() if not followed.standing.inline]

    def _wanted(self, standings: list[LaneLease]) -> list[LaneLease]:
        """Lanes that nobody has or whose holder is silent; inline ones once they are behind for two beats."""
        behind = {standing.id for standing in standings if standing.inline and not standing.caught_up}
        late, self._behind = behind & self._behind, behind
        free = (
            standing
            for standing in standings
            if standing.id not in self._tasks and (standing.stale or not standing.locked)
        )
        return [standing for standing in free if not standing.inline or standing.id in late]

    def _follow(self, standing: LaneLease, lane: Lane) -> None:
        view = self._views[lane.view]
        store = self._stores(view, lane.generation)
        follower = ViewFollower(view, store, self._pages, lane, self.ledger, watch=self._watch)
        task = self._start(follower.run(), f"lane {lane.view}")
        self._tasks[lane.id] = _Followed(
            id=lane.id, lane=lane, task=task, stop=follower.stop, standing=standing
        )

    async def _compare(self, connection: Connection, standings: dict[int, LaneLease]) -> None:
        """Take note of what changed about the lanes it holds, and let go of those not to be followed.

        Nor are those whose token is newer than ours: an append took them over, which holds no lock. Their
        followers notice that when they write, but those with nothing to write would hold them for ever.
        """
        await self._release(
            connection, [followed for followed in self._tasks.values() if not _ours(followed, standings)]
        )
        for followed in self._tasks.values():
            followed.standing = standings[followed.id]

    async def _balance(self, connection: Connection, share: int, caught_up: set[int]) -> None:
        """Give back what is more than our share, and inline lanes that the appenders can keep."""
        inline = [
            followed
            for followed in self._tasks.values()
            if followed.standing.inline and followed.id in caught_up
        ]
        await self._release(connection, [*inline, *self._shared()[share:]])


def _ours(followed: _Followed, standings: dict[int, LaneLease]) -> bool:
    standing = standings.get(followed.id)
    return standing is not None and standing.token == followed.lane.token
