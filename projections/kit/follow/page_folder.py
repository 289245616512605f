"""Folds pages of events into one store; streams that cannot be folded are parked, and the others go on."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.backoff import Backoff
from projections.kit.declare.row import R
from projections.kit.declare.view import RowChanges, View
from projections.kit.follow.fold_page import FoldFailed, FoldPage, IsolatingFold
from projections.kit.follow.lane import Failure, Lane, LeftOut, Parking, Stream, Stuck, stream_of
from projections.kit.follow.lost_rows import LostRows
from projections.kit.follow.pages import LogEntry
from projections.kit.follow.watch import Watch
from projections.kit.store.store import Checkpoint, Recorded, RowsRefused, Store

_logger = logging.getLogger(__name__)

_UNSAVED = 5.0
"""Seconds that a store's own checkpoint may lag behind over events that do not touch the view."""
_ATTEMPTS = 3
"""Attempts at folding an event before its stream is parked."""


class PageFolder(Generic[R]):
    """What the holder of a lane folds with."""

    def __init__(
        self,
        view: View[R],
        store: Store[R],
        lane: Lane,
        parking: Parking,
        losses: LostRows,
        decode: Callable[[LogEntry], Event],
        *,
        watch: Watch,
        failing: Backoff,
    ) -> None:
        self._view, self._store, self._lane = view, store, lane
        self._parking, self._losses, self._decode = parking, losses, decode
        self._watch, self._failing = watch, failing
        self._recorded = isinstance(store, Recorded)
        self._stopping = False
        self._saved = 0.0
        self.left_out = LeftOut()
        self.vouched = 0
        """The position of the store's own checkpoint."""

    def stop(self) -> None:
        """Try nothing again that cannot be folded."""
        self._stopping = True

    def begin(self, vouched: int) -> None:
        """Go on from where the store's own checkpoint is."""
        self.vouched, self._saved = vouched, _now()

    async def fold(self, entries: list[LogEntry]) -> None:
        """Fold the events that follow on the lane's position, and save what they change.

        A stream whose event cannot be folded is parked after three attempts, and the others go on.
        """
        began = _now()
        last = entries[-1].envelope.position
        try:
            page, changes = await self._changes(entries)
            await self.save(changes, last, len(entries))
        except FoldFailed as failed:
            await self._fold_around(entries, failed)
        except RowsRefused as refused:
            await self._fold_apart(entries, refused)
        else:
            self._lane.pages += 1
            self._lane.page_seconds += _now() - began
            self._watch.folded(self._view.name, page.envelopes, last, _now() - began)

    async def _fold_around(self, entries: list[LogEntry], failed: FoldFailed) -> None:
        """Try again what cannot be folded, then park the streams that it belongs to and fold the others."""
        # What comes before is saved, so that the lane stops right at the event that cannot be folded.
        if innocent := [entry for entry in entries if entry.envelope.position < failed.envelope.position]:
            await self.fold(innocent)
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
            self._report(*min(stuck.values(), key=lambda failure: failure[0].position), attempt)
        if stuck:
            await self._park(stuck.values())
        await self.fold(rest)

    async def _fold_apart(self, entries: list[LogEntry], refused: RowsRefused) -> None:
        """Find the event whose row the store refuses, and park its stream when it does so three times."""
        if len(entries) > 1:
            middle = len(entries) // 2
            await self.fold(entries[:middle])
            if self._lane.position == entries[middle - 1].envelope.position:
                await self.fold(entries[middle:])
            return
        envelope, error = entries[0].envelope, refused.__cause__ or refused
        for attempt in range(1, _ATTEMPTS + 1):
            self._report(envelope, error, attempt)
            await asyncio.sleep(self._failing.pause(attempt) if attempt < _ATTEMPTS else 0)
            if self._stopping:
                return
            try:
                _, changes = await self._changes(entries)
                await self.save(changes, envelope.position, 1)
            except RowsRefused as again:
                error = again.__cause__ or again
            else:
                return
        await self._park([(envelope, error)])
        await self.save(RowChanges(), envelope.position, 1)

    async def _park(self, stuck: Iterable[tuple[Envelope, BaseException]]) -> None:
        parked = [Stuck.of(envelope, error, _ATTEMPTS) for envelope, error in stuck]
        await self._parking.park(self._lane, parked)
        for event in parked:
            _logger.error(
                "%s parks stream %s: %s.", self._view.name, event.envelope.originator_id, event.text
            )
            self.left_out.parked.setdefault(stream_of(event.envelope), event.envelope.position)

    def _taken(self, entries: list[LogEntry]) -> Iterator[tuple[Envelope, Callable[[], Event]]]:
        """The events to be folded, each with what decodes it; most of a page are none of the view's."""
        decode, left_out, losses, folds = self._decode, self.left_out, self._losses, self._view.folds
        entries = [entry for entry in entries if entry.envelope.type in folds]
        if left_out:
            entries = [entry for entry in entries if left_out.takes(entry.envelope)]
        return ((entry.envelope, partial(decode, entry)) for entry in entries if losses.takes(entry.envelope))

    async def _changes(self, entries: list[LogEntry]) -> tuple[FoldPage[R], RowChanges[R]]:
        page = FoldPage(self._view, self._taken(entries))
        return page, page.fold(await self._store.load(page.keys))

    async def _stuck(self, entries: list[LogEntry]) -> dict[Stream, tuple[Envelope, Exception]]:
        """Which streams cannot be folded, and where they begin not to be."""
        page = IsolatingFold(self._view, self._taken(entries))
        page.fold(await self._store.load(page.keys))
        return page.stuck

    async def save(self, changes: RowChanges[R], position: int, count: int, *, at_once: bool = False) -> None:
        """Save rows, and that the lane is at a position, ``count`` events further."""
        folded = self._lane.folded + count
        # Events that touch nothing move the lane at once, and a checkpoint of the store's own now and then.
        due = at_once or _now() - self._saved > _UNSAVED
        if changes or (due and not self._recorded):
            checkpoint = Checkpoint(position, folded, self._lane.token)
            await self._store.save(changes, checkpoint, after=self._lane.position)
            self._saved, self.vouched = _now(), position
            if self._recorded:
                self._lane.written(position)
        self._lane.moved(position, folded)

    def _report(self, envelope: Envelope, error: BaseException, attempts: int) -> None:
        if attempts == 1:
            where = self._view.name, envelope.type, envelope.position
            _logger.error("%s cannot fold %s at position %s.", *where, exc_info=error)
        self._lane.failed(Failure.of(envelope, error, attempts))


def _now() -> float:
    return asyncio.get_running_loop().time()
