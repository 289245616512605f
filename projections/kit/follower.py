"""Folds the log into one view, page by page, over any store."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Generic, NoReturn, Protocol, TypeVar

from domain.kit.events import Event
from projections.kit.lane import Failure, Lane, Ledger
from projections.kit.pages import Entry, fresh
from projections.kit.store import Checkpoint, LeaseLost, Lost, Store
from projections.kit.touching import FoldFailed, Page
from projections.kit.upkeep import Upkeep
from projections.kit.view import Changes, View
from projections.kit.watch import Silent, Watch

Row = TypeVar("Row")

_logger = logging.getLogger(__name__)

_IDLE = 1.0
"""Seconds after which a lane that has nothing to do looks after its store."""
_TELLING = 6
"""The attempt in a row at which a store that does not answer is logged with its error."""
_UNSAVED = 5.0
"""Seconds that a store's own checkpoint may lag behind over events that do not touch the view."""


class Source(Protocol):
    """Where the pages come from; see `Pages`."""

    @property
    def head(self) -> int: ...

    @property
    def read_at(self) -> float: ...

    async def after(self, position: int, *, wait: float) -> list[Entry]: ...

    def event(self, entry: Entry) -> Event: ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the next attempt: doubling from ``first`` up to ``most``."""

    first: float
    most: float

    def pause(self, attempts: int) -> float:
        """The pause after so many attempts, from 1."""
        return min(self.first * 2.0 ** min(attempts - 1, 16), self.most)


class Follower(Generic[Row]):
    """Follows the log for one view while its lane is held."""

    def __init__(
        self,
        view: View[Row],
        store: Store[Row],
        pages: Source,
        lane: Lane,
        ledger: Ledger,
        *,
        watch: Watch | None = None,
        failing: Backoff = Backoff(1, 30),
        waiting: Backoff = Backoff(0.2, 5),
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
        self._reading: asyncio.Task[list[Entry]] | None = None
        self._looked = self._renewed = self._saved = 0.0

    def stop(self) -> None:
        """Ends `run` after the page at hand."""
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()

    async def run(self) -> None:
        """Folds until stopped. Raises LeaseLost when somebody else holds the lane.

        A fold or a store that fails is tried again, from the checkpoint, as long as the lane is held.
        """
        attempts = 0
        while not self._stopping:
            before = self._lane.position
            try:
                await self._follow()
            except LeaseLost:
                raise
            except FoldFailed as failed:
                attempts = 1 if self._lane.position > before else attempts + 1
                self._report(failed, attempts)
                await asyncio.sleep(self._failing.pause(attempts))
            except Exception as error:
                attempts = 1 if self._lane.position > before else attempts + 1
                # A server that is still starting is no news; one that stays away, or a fault of ours, is.
                if attempts == 1:
                    _logger.warning("%s waits for its store: %s.", self._view.name, type(error).__name__)
                elif attempts == _TELLING:
                    _logger.exception("%s still waits for its store.", self._view.name)
                self._lane.failed(Failure(f"waits: {type(error).__name__}", attempts))
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
            except Lost as lost:
                await self._refill(lost)

    async def _read(self) -> list[Entry]:
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
        """Finds out where to go on from; a storage that is gone is made anew and filled from the first event."""
        await self._store.prepare()
        try:
            checkpoint = await self._store.checkpoint()
        except Lost as lost:
            if self._lane.position:
                await self._refill(lost)
            checkpoint = Checkpoint(0, 0, self._lane.token)
        if checkpoint.token > self._lane.token:
            raise LeaseLost(f"{self._view.name} was made anew by another process")
        if checkpoint.position < self._lane.position:
            await self._ledger.rewind(self._lane, checkpoint)
        self._lane.moved(checkpoint.position, checkpoint.folded)

    async def _refill(self, lost: Lost) -> NoReturn:
        """Begins again from nothing, under a new lease: what was reported under this one is void."""
        _logger.warning("%s is refilled from the log: %s.", self._view.name, lost)
        await self._store.drop()
        await self._store.prepare()
        await self._ledger.restart(self._lane)
        raise LeaseLost(f"{self._view.name} is refilled")

    async def _fold(self, entries: list[Entry]) -> None:
        began = self._now()
        try:
            page, changes = await self._changes(entries)
        except FoldFailed as failed:
            # What comes before is saved, so that the lane stops right at the event that cannot be folded.
            innocent = [one for one in entries if one.envelope.position < failed.envelope.position]
            if innocent:
                _, changes = await self._changes(innocent)
                await self._save(changes, innocent[-1].envelope.position, len(innocent))
            raise
        last = entries[-1].envelope.position
        await self._save(changes, last, len(entries))
        self._lane.pages += 1
        self._lane.page_seconds += self._now() - began
        self._watch.folded(self._view.name, [one for _, one in page.events], last, self._now() - began)

    async def _changes(self, entries: list[Entry]) -> tuple[Page[Row], Changes[Row]]:
        decode = self._pages.event
        page = Page.of(self._view, ((one.envelope, partial(decode, one)) for one in entries))
        before = await self._store.load(page.keys) if page.keys else {}
        return page, page.fold(before)

    async def _save(self, changes: Changes[Row], position: int, count: int) -> None:
        folded = self._lane.folded + count
        # Events that touch nothing move the lane at once, and the store's own checkpoint now and then.
        if changes or self._now() - self._saved > _UNSAVED:
            await self._store.save(changes, Checkpoint(position, folded, self._lane.token))
            self._saved = self._now()
        self._lane.moved(position, folded)

    async def _upkeep(self) -> None:
        """Looks after the store once a second, so that an idle lane notices too that its rows are gone."""
        now = self._now()
        store = self._store
        if isinstance(store, Upkeep):
            if self._lane.position >= self._pages.head:
                await store.caught_up()
            if now - self._renewed >= store.renew_every.total_seconds():
                await store.renew()
                self._renewed = now
        if now - self._looked >= _IDLE:
            await store.checkpoint()
            self._looked = now

    def _report(self, failed: FoldFailed, attempts: int) -> None:
        envelope, cause = failed.envelope, failed.__cause__
        if attempts == 1:
            _logger.error("%s cannot fold %s.", self._view.name, failed, exc_info=cause)
        self._lane.failed(
            Failure(
                f"{type(cause).__name__} while folding {envelope.type}",
                attempts,
                envelope.position,
                envelope.event_id,
                envelope.originator_id,
            )
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
