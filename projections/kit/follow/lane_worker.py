"""The part that workers who follow lanes and those who build them share: the lanes' leases and reports."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from projections.kit.background import running
from projections.kit.declare.view import View
from projections.kit.follow import leases
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.follow.lease_worker import LeasedTask, LeaseWorker
from projections.kit.follow.leases import Beat, LaneLease
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.store import Store

StoreOf = Callable[[View[Any], int], Store[Any]]
"""The store of a view's generation. Rows differ in type, hence Any."""


@dataclass(slots=True, kw_only=True)
class LeasedLane(LeasedTask):
    """A lane at work."""

    lane: Lane


L = TypeVar("L", bound=LeasedLane)


class LaneWorker(LeaseWorker[L]):
    """A holder that is alive but shows no heartbeat for ``stale`` seconds loses its lanes to other workers;
    when it wakes up its tokens are old, and every store refuses its writes."""

    _kind: ClassVar[str]

    def __init__(
        self,
        views: Sequence[View[Any]],
        stores: StoreOf,
        *,
        connect: Connect,
        pool: Pool,
        name: str,
        beat: float,
        stale: float,
    ) -> None:
        """``connect`` makes the session that holds the leases, ``pool`` is for reports; both as the writer."""
        super().__init__(connect, name=name, beat=beat)
        self._views = {view.name: view for view in views}
        self._stores = stores
        self._stale = stale
        self._worker = 0
        self.ledger = OpsLedger(pool, self.held)

    def held(self) -> list[Lane]:
        """The lanes that this worker holds now."""
        return [lease.lane for lease in self._tasks.values()]

    async def run(self) -> None:
        """Work until stopped or cancelled."""
        async with running(self.ledger.run, name="lane reports"):
            await super().run()

    async def _begin(self, connection: Connection) -> None:
        self._worker = await leases.register(connection, self._name, self._kind)

    async def _leave(self, connection: Connection) -> None:
        await leases.leave(connection, self._worker)

    async def _beat_lanes(self, connection: Connection, *, phase: str) -> Beat:
        """Show that we live, and look how the lanes in this phase stand."""
        versions = [(view.name, view.version) for view in self._views.values()]
        return await leases.beat(connection, self._worker, versions, self._stale, phase=phase)

    async def _take(self, connection: Connection, standing: LaneLease) -> Lane | None:
        taken = await leases.take(connection, standing, self._worker)
        return None if taken is None else leases.lane_of(standing, taken, self.ledger.news)

    async def _give_back(self, connection: Connection, leased: Collection[L]) -> None:
        await self.ledger.report()
        for lease in leased:
            await leases.give_back(connection, lease.id, self._worker)
