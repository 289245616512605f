"""Folds the log into one view, page by page, over any store."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, NoReturn

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.backoff import FAILING, WAITING, Backoff
from projections.kit.declare.row import R
from projections.kit.declare.view import RowChanges, View
from projections.kit.follow.fold_page import FoldFailed, FoldPage
from projections.kit.follow.isolating_fold import IsolatingFold
from projections.kit.follow.lane import Failure, Lane, Ledger, LeftOut, Stream, Stuck, stream_of
from projections.kit.follow.lost_rows import LostRows
from projections.kit.follow.pages import LogEntry, Source, fresh
from projections.kit.follow.watch import Silent, Watch
from projections.kit.store.maintenance import Upkeep
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, RowsLost, RowsRefused, Store

_logger = logging.getLogger(__name__)

_IDLE = 1.0
"""Seconds after which a lane that has nothing to do looks after its store."""
_TELLING = 6
"""The attempt in a row at which a store that does not answer is logged with its error."""
_UNSAVED = 5.0
"""Seconds that a store's own checkpoint may lag behind over events that do not touch the view."""
_ATTEMPTS = 3
"""Attempts at folding an event before its stream is parked."""


class Forgotten(Exception):
    """The store's server came back without what it had taken last."""


class ViewFollower(Generic[R]):
    """Follows the log for one view while its lane is held."""

    def __init__(
        self,
        view: View[R],
        store: Store[R],
        pages: Source,
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
        self._watch = watch or Silent()
        self._failing = failing
        self._waiting = waiting
        self._stopping = False
        self._left_out = LeftOut()
        self._losses = LostRows(view, store, lane, ledger)
        self._reading: asyncio.Task[list[LogEntry]] | None = None
        self._looked = self._renewed = self._saved = 0.0
        self._vouched = 0

    def stop(self) -> None:
        """End `run` after the page at hand."""
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()

    async def run(self) -> None:
        """Fold until stopped. Raises LeaseLost when somebody else holds the lane.

        A stream whose event cannot be folded is parked after three attempts, and the others go on. A store
        that fails is tried again, from the checkpoint, as long as the lane is held.
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
        self._saved = self._now()
        while not self._stopping:
            entries = await self._read()
            self._lane.read_at = max(self._lane.read_at, self._pages.read_at)
            try:
                if new := fresh(self._lane.position, entries):
                    await self._fold(new)
                await self._upkeep()
            except (Lost, RowsLost) as lost:
                if not await self._losses.covers(lost):
                    await self._refill(lost)
        if self._lane.position > self._vouched:
            # Whoever holds the lane next finds the store where the record says.
            await self._save(RowChanges(), self._lane.position, 0, at_once=True)

    async def _read(self) -> list[LogEntry]:
        """The next page; nothing when none comes in a while, or when `stop` interrupts the wait."""
        self._reading = asyncio.ensure_future(self._pages.after(self._lane.position, wait=_IDLE))
        try:
            return await self._reading
        except asyncio.CancelledError:
            if self._stopping:
                return []
            raise
        finally:
            self._reading = None

    async def _begin(self) -> None:
        """Find out where to go on from; a storage that is gone is made anew and filled from the first event."""
        await self._store.prepare()
        try:
            checkpoint = await self._store.checkpoint()
        except Lost as lost:
            if self._lane.position:
                await self._refill(lost)
            checkpoint = Checkpoint(0, 0, self._lane.token)
        if checkpoint.token > self._lane.token:
            raise LeaseLost(f"{self._view.name} was made anew by another process")
        self._left_out = await self._ledger.parking.left_out(self._lane)
        await self._remembers(checkpoint)
        if (gone := await self._losses.look()) is not None:
            await self._refill(gone)
        if checkpoint.position < self._lane.position:
            await self._ledger.rewind(self._lane, checkpoint)
        self._lane.moved(checkpoint.position, checkpoint.folded)
        self._vouched = checkpoint.position
        await self._answer()

    async def _remembers(self, checkpoint: Checkpoint) -> None:
        """A store that forgot its last seconds may have forgotten events that were parked, lie behind its
        position and are on record as folded."""
        if checkpoint.position > 0 and checkpoint.token < self._left_out.mended:
            await self._refill(Lost(f"{self._view.name} has lost what was folded of parked streams"))

    async def _answer(self) -> bool:
        """Do what somebody asked about parked streams."""
        parking = self._ledger.parking
        if not self._left_out.parked:
            return False
        try:
            if not await parking.answer(self._lane, self._view, self._store, self._pages.event):
                return False
        except RowsLost:
            # They are built anew, and what is parked of them with them.
            return False
        self._left_out = await parking.left_out(self._lane)
        return True

    async def _refill(self, lost: Exception) -> NoReturn:
        """Begin again from nothing, under a new lease: what was reported under this one is void."""
        _logger.warning("%s is refilled from the log: %s.", self._view.name, lost)
        await self._store.drop()
        await self._store.prepare()
        await self._ledger.restart(self._lane)
        raise LeaseLost(f"{self._view.name} is refilled")

    async def _fold(self, entries: list[LogEntry]) -> None:
        began = self._now()
        last = entries[-1].envelope.position
        try:
            page, changes = await self._changes(entries)
            await self._save(changes, last, len(entries))
        except FoldFailed as failed:
            await self._fold_around(entries, failed)
        except RowsRefused as refused:
            await self._fold_apart(entries, refused)
        else:
            self._lane.pages += 1
            self._lane.page_seconds += self._now() - began
            self._watch.folded(self._view.name, page.envelopes, last, self._now() - began)

    async def _fold_around(self, entries: list[LogEntry], failed: FoldFailed) -> None:
        """Try again what cannot be folded, then park the streams that it belongs to and fold the others."""
        # What comes before is saved, so that the lane stops right at the event that cannot be folded.
        if innocent := [one for one in entries if one.envelope.position < failed.envelope.position]:
            await self._fold(innocent)
            if self._lane.position < innocent[-1].envelope.position:
                return
        rest = entries[len(innocent) :]
        self._report(failed.envelope, failed.__cause__ or failed, 1)
        stuck: dict[Stream, tuple[Envelope, Exception]] = {}
        for attempt in range(2, _ATTEMPTS + 1):
            await asyncio.sleep(self._failing.pause(attempt - 1))
            if self._stopping:
                return
            stuck = await self._stuck(rest)
            if not stuck:
                break
            self._report(*min(stuck.values(), key=lambda one: one[0].position), attempt)
        if stuck:
            await self._park(stuck.values())
        await self._fold(rest)

    async def _fold_apart(self, entries: list[LogEntry], refused: RowsRefused) -> None:
        """Find the event whose row the store refuses, and park its stream when it does so three times."""
        if len(entries) > 1:
            middle = len(entries) // 2
            await self._fold(entries[:middle])
            if self._lane.position == entries[middle - 1].envelope.position:
                await self._fold(entries[middle:])
            return
        envelope, error = entries[0].envelope, refused.__cause__ or refused
        for attempt in range(1, _ATTEMPTS + 1):
            self._report(envelope, error, attempt)
            await asyncio.sleep(self._failing.pause(attempt) if attempt < _ATTEMPTS else 0)
            if self._stopping:
                return
            try:
                _, changes = await self._changes(entries)
                await self._save(changes, envelope.position, 1)
            except RowsRefused as again:
                error = again.__cause__ or again
            else:
                return
        await self._park([(envelope, error)])
        await self._save(RowChanges(), envelope.position, 1)

    async def _park(self, stuck: Iterable[tuple[Envelope, BaseException]]) -> None:
        some = [Stuck.of(envelope, error, _ATTEMPTS) for envelope, error in stuck]
        await self._ledger.parking.park(self._lane, some)
        for one in some:
            _logger.error("%s parks stream %s: %s.", self._view.name, one.envelope.originator_id, one.text)
            self._left_out.parked.setdefault(stream_of(one.envelope), one.envelope.position)

    def _taken(self, entries: list[LogEntry]) -> Iterator[tuple[Envelope, Callable[[], Event]]]:
        """The events to be folded, each with what decodes it."""
        decode, left_out, losses = self._pages.event, self._left_out, self._losses
        if left_out:
            entries = [one for one in entries if left_out.takes(one.envelope)]
        return ((one.envelope, partial(decode, one)) for one in entries if losses.takes(one.envelope))

    async def _changes(self, entries: list[LogEntry]) -> tuple[FoldPage[R], RowChanges[R]]:
        page = FoldPage(self._view, self._taken(entries))
        before = await self._store.load(page.keys) if page.keys else {}
        return page, page.fold(before)

    async def _stuck(self, entries: list[LogEntry]) -> dict[Stream, tuple[Envelope, Exception]]:
        """Which streams cannot be folded, and where they begin not to be."""
        page = IsolatingFold(self._view, self._taken(entries))
        page.fold(await self._store.load(page.keys) if page.keys else {})
        return page.stuck

    async def _save(
        self, changes: RowChanges[R], position: int, count: int, *, at_once: bool = False
    ) -> None:
        folded = self._lane.folded + count
        # Events that touch nothing move the lane at once, and the store's own checkpoint now and then.
        if changes or at_once or self._now() - self._saved > _UNSAVED:
            await self._store.save(changes, Checkpoint(position, folded, self._lane.token))
            self._saved, self._vouched = self._now(), position
        self._lane.moved(position, folded)

    async def _upkeep(self) -> None:
        """Look after the store once a second, so that an idle lane notices too that its rows are gone."""
        now = self._now()
        store = self._store
        if isinstance(store, Upkeep):
            if self._lane.position >= self._pages.head:
                await store.caught_up()
            if now - self._renewed >= store.renew_every.total_seconds():
                await store.renew()
                self._renewed = now
        if now - self._looked >= _IDLE:
            checkpoint = await store.checkpoint()
            if checkpoint.position < self._vouched:
                raise Forgotten(
                    f"{self._view.name} was saved at {self._vouched}, and is at {checkpoint.position}"
                )
            await self._remembers(checkpoint)
            if (gone := await self._losses.look()) is not None:
                await self._refill(gone)
            # Many may be asked about at once; the log does not wait for all of them.
            while await self._answer() and not self._stopping and self._lane.position >= self._pages.head:
                pass
            self._looked = now

    def _report(self, envelope: Envelope, error: BaseException, attempts: int) -> None:
        if attempts == 1:
            where = self._view.name, envelope.type, envelope.position
            _logger.error("%s cannot fold %s at position %s.", *where, exc_info=error)
        self._lane.failed(Failure.of(envelope, error, attempts))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
