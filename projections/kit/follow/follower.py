"""Folds the log into one view, page by page, over any store."""

import asyncio
import logging
from typing import Generic, NoReturn

from projections.kit.backoff import Backoff
from projections.kit.declare.row import R
from projections.kit.declare.view import RowChanges, View
from projections.kit.follow.lane import Failure, Lane, Ledger
from projections.kit.follow.lost_rows import LostRows
from projections.kit.follow.page_folder import PageFolder
from projections.kit.follow.pages import LogEntry, LogSource, Passing, fresh
from projections.kit.follow.watch import Silent, Watch
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, Recorded, RowsLost, Store, Upkeep

_logger = logging.getLogger(__name__)

FAILING = Backoff(0.2, 30)
"""Between attempts at an event that cannot be folded: short, for the lane waits."""
WAITING = Backoff(0.2, 5)
"""Between attempts at a store that does not answer."""
_IDLE = 1.0
"""Seconds after which a lane that has nothing to do looks after its store."""
_RECORDED = 5.0
"""The same where the store forgets nothing by itself, and only people can take its rows away."""
_TELLING = 6
"""The attempt in a row at which a store that does not answer is logged with its error."""


class Forgotten(Exception):
    """The store's server came back without what it had taken last."""


class ViewFollower(Generic[R]):
    """Follows the log for one view while its lane is held."""

    def __init__(
        self,
        view: View[R],
        store: Store[R],
        pages: LogSource,
        lane: Lane,
        ledger: Ledger,
        *,
        watch: Watch | None = None,
        failing: Backoff = FAILING,
        waiting: Backoff = WAITING,
    ) -> None:
        self._view = view
        self._store = store
        self._pages = pages
        self._lane = lane
        self._ledger = ledger
        self._waiting = waiting
        self._stopping = False
        self._losses = LostRows(view, store, lane, ledger)
        self._folder = PageFolder(
            view,
            store,
            lane,
            ledger.parking,
            self._losses,
            pages.event,
            watch=watch or Silent(),
            failing=failing,
        )
        self._reading: asyncio.Task[list[LogEntry]] | None = None
        self._look_every = _RECORDED if isinstance(store, Recorded) else _IDLE
        # What keeps its checkpoint itself saves it now and then, also over events that do not concern it.
        self._passing = Passing(view.folds, self._passed) if isinstance(store, Recorded) else None
        # A protocol is looked up member by member, which is too much to do for each page.
        self._kept = store if isinstance(store, Upkeep) else None
        self._looked = self._renewed = 0.0

    def stop(self) -> None:
        """End `run` after the page at hand."""
        self._stopping = True
        self._folder.stop()
        if self._reading is not None:
            self._reading.cancel()

    async def run(self) -> None:
        """Fold until stopped. Raises LeaseLost when somebody else holds the lane.

        A store that fails is tried again, from the checkpoint, as long as the lane is held; see `PageFolder` for
        events that cannot be folded.
        """
        attempts = 0
        while not self._stopping:
            before = self._lane.position
            try:
                await self._follow()
            except LeaseLost:
                raise
            except Exception as error:
                attempts = 1 if self._lane.position > before else attempts + 1
                # A server that is still starting is no news; one that stays away, or a fault of ours, is.
                if attempts == 1:
                    _logger.warning("%s waits for its store: %s.", self._view.name, type(error).__name__)
                elif attempts == _TELLING:
                    _logger.exception("%s still waits for its store.", self._view.name)
                self._lane.failed(Failure(type(error).__name__, attempts))
                await asyncio.sleep(self._waiting.pause(attempts))

    async def _follow(self) -> None:
        await self._begin()
        while not self._stopping:
            entries = await self._read()
            self._lane.read_at = max(self._lane.read_at, self._pages.read_at)
            try:
                if new := fresh(self._lane.position, entries):
                    await self._folder.fold(new)
                await self._upkeep()
            except (Lost, RowsLost) as lost:
                if not await self._losses.covers(lost):
                    await self._refill(lost)
        if self._lane.position > self._folder.vouched:
            # Whoever holds the lane next finds the store where the record says.
            await self._folder.save(RowChanges(), self._lane.position, 0, at_once=True)

    async def _read(self) -> list[LogEntry]:
        """The next page; nothing when none comes in a while, or when `stop` interrupts the wait."""
        # All lanes of a worker stop waiting at the same moment, so that they look after their stores together.
        wait = _IDLE - asyncio.get_running_loop().time() % _IDLE
        following = self._pages.after(self._lane.position, wait=wait, passing=self._passing)
        self._reading = asyncio.ensure_future(following)
        try:
            return await self._reading
        except asyncio.CancelledError:
            if self._stopping:
                return []
            raise
        finally:
            self._reading = None

    def _passed(self, position: int, count: int) -> None:
        self._lane.moved(position, self._lane.folded + count)

    async def _begin(self) -> None:
        """Find out where to go on from; a storage that is gone is recreated and filled from the first event."""
        await self._store.prepare()
        try:
            if self._kept is not None:
                await self._kept.renew()
            checkpoint = await self._store.checkpoint()
        except Lost as lost:
            if self._lane.position:
                await self._refill(lost)
            checkpoint = Checkpoint(0, 0, self._lane.token)
        if checkpoint.token > self._lane.token:
            raise LeaseLost(f"{self._view.name} was recreated by another process")
        self._folder.left_out = await self._ledger.parking.left_out(self._lane)
        await self._remembers(checkpoint)
        if (gone := await self._losses.look()) is not None:
            await self._refill(gone)
        if checkpoint.position < self._lane.position:
            await self._ledger.rewind(self._lane, checkpoint)
        self._lane.moved(checkpoint.position, checkpoint.folded)
        self._folder.begin(checkpoint.position)
        await self._answer()

    async def _remembers(self, checkpoint: Checkpoint) -> None:
        """A store that forgot its last seconds may have forgotten events that were parked, lie behind its
        position and are on record as folded."""
        if checkpoint.position > 0 and checkpoint.token < self._folder.left_out.retry_token:
            await self._refill(Lost(f"{self._view.name} has lost what was folded of parked streams"))

    async def _answer(self) -> bool:
        """Do what somebody asked about parked streams."""
        parking = self._ledger.parking
        if not self._folder.left_out.parked:
            return False
        try:
            if not await parking.answer(self._lane, self._view, self._store, self._pages.event):
                return False
        except RowsLost:
            # They are built again, and what is parked of them with them.
            return False
        self._folder.left_out = await parking.left_out(self._lane)
        return True

    async def _refill(self, lost: Exception) -> NoReturn:
        """Begin again from nothing, under a new lease: what was reported under this one is void."""
        _logger.warning("%s is refilled from the log: %s.", self._view.name, lost)
        await self._store.drop()
        await self._store.prepare()
        await self._ledger.restart(self._lane)
        raise LeaseLost(f"{self._view.name} is refilled")

    async def _upkeep(self) -> None:
        """Look after the store now and then, so that an idle lane notices too that its rows are gone."""
        now = asyncio.get_running_loop().time()
        store = self._store
        if (kept := self._kept) is not None:
            if self._lane.position >= self._pages.head:
                await kept.caught_up()
            if now - self._renewed >= kept.renew_every.total_seconds():
                await kept.renew()
                self._renewed = now
        # What somebody asked about parked streams is not to wait for long.
        every = _IDLE if self._folder.left_out.parked else self._look_every
        if now // every > self._looked // every:
            checkpoint = await store.checkpoint()
            if checkpoint.position < self._folder.vouched:
                raise Forgotten(
                    f"{self._view.name} was saved at {self._folder.vouched}, and is at {checkpoint.position}"
                )
            await self._remembers(checkpoint)
            if (gone := await self._losses.look()) is not None:
                await self._refill(gone)
            # Many may be asked about at once; the log does not wait for all of them.
            while await self._answer() and not self._stopping and self._lane.position >= self._pages.head:
                pass
            self._looked = now
