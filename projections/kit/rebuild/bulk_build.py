"""Fills one generation of a view in bulk from the log, beside the live one."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Generic, Protocol
from uuid import UUID

from domain.kit.codec import Codec
from domain.kit.log import EVERYTHING, Envelope, Selection
from projections.kit.background import end
from projections.kit.backoff import Backoff
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from projections.kit.follow.lane import Failure, Lane, Ledger
from projections.kit.follow.pages import LogGap
from projections.kit.rebuild.bulk_fold import BulkFold
from projections.kit.rebuild.stepwise_fold import follow_part
from projections.kit.store.store import (
    Bulk,
    Checkpoint,
    LeaseLost,
    Lost,
    RowsLost,
    RowsRefused,
    Store,
    Upkeep,
)

_logger = logging.getLogger(__name__)

_PAGE = 5_000
"""Events for which missing rows are loaded together."""
_SPAN = 500_000
"""Positions that one COPY covers: its snapshot keeps the server from tidying up for a few seconds only."""
_ROWS = 100_000
_SECONDS = 5.0
"""After which what has changed is written, so that no more is lost when the process is killed."""

_TELLING = 6
"""The attempt in a row at which a store that does not answer is logged with its error."""
_BACKOFF = Backoff(0.2, 5)


class BulkLog(Protocol):
    """The log, read in bulk; `app.log.postgres.PostgresLog` is one."""

    async def head(self) -> int:
        """The last committed position."""
        ...

    async def count(self, *, after: int, until: int, select: Selection = EVERYTHING) -> int:
        """How many events there are with ``after`` < position <= ``until``."""
        ...

    def copy_out(
        self, *, after: int = 0, until: int | None = None, select: Selection = EVERYTHING
    ) -> AsyncGenerator[list[Envelope], None]:
        """Those events in order of position."""
        ...


class Builder(Generic[R]):
    """Folds the log into a store in bulk while its lane is held: the same rows that a follower makes.

    Events come through COPY, and only those that the view folds; rows are kept at hand and written behind,
    while the next events are folded. The checkpoint is written with the rows, so a build that was killed
    or cancelled, at any moment, goes on from there. That nothing was left out is proven: the log must hold
    an event at each position, and as many of the view's as came.

    Prepare the store before the lane is leased: a table made now voids the lease.
    """

    def __init__(
        self,
        view: View[R],
        store: Store[R],
        log: BulkLog,
        codec: Codec,
        lane: Lane,
        ledger: Ledger,
        *,
        tenant_id: UUID | None = None,
        rate: int | None = None,
        near: int = 2_000,
        rows: int = _ROWS,
        page: int = _PAGE,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        """``tenant_id``: only its events are folded. ``rate``: at most so many events a second. It ends
        within ``near`` positions of the log's head. About ``rows`` rows are kept at hand, beside those
        that are not written yet. For ``page`` events at a time missing rows are loaded together."""
        self._view, self._store, self._log, self._codec = view, store, log, codec
        self._lane, self._ledger = lane, ledger
        self._select = Selection(types=sorted(view.folds), tenant_id=tenant_id)
        self._rate, self._near, self._rows, self._backoff = rate, near, rows, backoff
        self._page = min(page, max(rate // 5, 1)) if rate else page
        self._span = min(_SPAN, max(rate * 10, 1_000)) if rate else _SPAN
        self._bulk = store if isinstance(store, Bulk) else None
        self._most = self._bulk.bulk_rows if self._bulk else _PAGE
        self._fold: BulkFold[R] = self._folding()
        self._at = self._offered = 0
        self._writing: asyncio.Task[None] | None = None
        self._upkeep: asyncio.Task[None] | None = None
        # A store is never looked after while it is written to.
        self._alone = asyncio.Lock()
        self._flushed = self._due = 0.0

    async def run(self, until: int | None = None) -> None:
        """Fold up to near the head, or exactly up to a position, and leave the store as before the bulk.

        Raises LeaseLost when somebody else holds the lane, or when the storage was gone and is to be filled
        again under a new lease; LogGap when the log lacks an event. A store or log that does not answer is
        tried again. Cancel it to pause: nothing stays open.
        """
        attempts = 0
        while True:
            before = self._lane.position
            try:
                return await self._run(until)
            except (Lost, RowsLost) as lost:
                await self._begin_again(str(lost))
                raise LeaseLost(f"{self._view.name} is to be filled again") from lost
            except LogGap as gap:
                # What was written since the gap vouches for events that it has not seen.
                await self._begin_again(str(gap))
                raise
            except LeaseLost:
                raise
            except RowsRefused as refused:
                await self._end()
                await self._careful(refused)
                continue
            except Exception as error:
                attempts = 1 if self._lane.position > before else attempts + 1
                # A server that is still starting is no news; one that stays away, or a fault of ours, is.
                shown = error if attempts == _TELLING else None
                _logger.warning(
                    "The build of %s waits: %s.", self._view.name, type(error).__name__, exc_info=shown
                )
                self._lane.failed(Failure(type(error).__name__, attempts))
            finally:
                await self._end()
            await asyncio.sleep(self._backoff.pause(attempts))

    async def _run(self, until: int | None) -> None:
        await self._begin()
        bulk = False
        while (end := await self._log.head() - self._near if until is None else until) > self._at:
            # A few events more are not worth recreating the indexes.
            if self._bulk is not None and not bulk and end - self._at > self._near:
                await self._bulk.begin_bulk()
                bulk = True
            upto = end + self._near if until is None else end
            await self._copy(self._at, min(upto, self._at + self._span))
        if self._bulk is not None and (bulk or until is None):
            await self._bulk.end_bulk()

    async def _careful(self, refused: RowsRefused) -> None:
        """Go on in small steps through what was to be written, to find the event whose row is refused."""
        _logger.warning(
            "%s is folded page by page up to position %s: %s.", self._view.name, self._offered, refused
        )
        await follow_part(
            self._view,
            self._store,
            self._log,
            self._codec,
            self._lane,
            self._ledger,
            until=self._offered,
            tenant_id=self._select.tenant_id,
            backoff=self._backoff,
        )

    async def _begin(self) -> None:
        """Find out where to go on from."""
        await self._store.prepare()
        checkpoint = await self._store.checkpoint()
        if checkpoint.token > self._lane.token:
            raise LeaseLost(f"{self._view.name} was recreated by another process")
        if checkpoint.position < self._lane.position:
            await self._ledger.rewind(self._lane, checkpoint)
        self._lane.moved(checkpoint.position, checkpoint.folded)
        self._at = checkpoint.position
        self._fold = self._folding()
        await self._fold.begin()
        self._flushed = self._due = _now()
        self._upkeep = asyncio.create_task(self._keep_up(), name=f"upkeep of {self._view.name}")

    def _folding(self) -> BulkFold[R]:
        return BulkFold(
            self._view,
            self._codec,
            self._lane,
            self._ledger.parking,
            rows=self._rows,
            backoff=self._backoff,
        )

    async def _end(self) -> None:
        await end(self._upkeep, self._writing)
        self._upkeep = self._writing = None

    async def _begin_again(self, why: str) -> None:
        """Empty the store and void the lease."""
        await self._end()
        _logger.warning("The build of %s starts again: %s.", self._view.name, why)
        await self._store.drop()
        await self._store.prepare()
        await self._ledger.restart(self._lane)

    async def _copy(self, after: int, until: int) -> None:
        """Fold the events with ``after`` < position <= ``until``, and sees that all came."""
        if await self._log.count(after=after, until=until) != until - after:
            raise LogGap(f"The log lacks events between {after} and {until}.")
        received = waiting = 0
        async with contextlib.aclosing(
            self._log.copy_out(after=after, until=until, select=self._select)
        ) as chunks:
            async for events in chunks:
                await self._fold.touch(events)
                received += len(events)
                waiting += len(events)
                if waiting >= self._page:
                    await self._turn(events[-1].position)
                    await self._pace(waiting)
                    waiting = 0
        if await self._log.count(after=after, until=until, select=self._select) != received:
            raise LogGap(f"{self._view.name} did not get every event between {after} and {until}.")
        await self._turn(until)
        await self._pace(waiting)
        await self._flush()
        await self._written()

    async def _turn(self, position: int) -> None:
        """Fold the page at hand; the view then stands at ``position``."""
        await self._fold.fold(self._at, self._store.load)
        self._at = position
        if self._upkeep is not None and self._upkeep.done():
            self._upkeep.result()
        if self._fold.cache.changed >= self._most or _now() - self._flushed > _SECONDS:
            await self._flush()

    async def _pace(self, count: int) -> None:
        """Keep to the rate after so many events."""
        if self._rate:
            self._due = max(self._due, _now() - 1) + count / self._rate
            await asyncio.sleep(max(self._due - _now(), 0))

    async def _flush(self) -> None:
        """Begin to write what has changed, once what changed before is written."""
        await self._written()
        self._flushed = _now()
        if self._at > self._lane.position:
            checkpoint = Checkpoint(self._at, self._at, self._lane.token)
            self._writing = asyncio.create_task(self._write(checkpoint), name=f"bulk {self._view.name}")
            # It takes what has changed before anything else is folded.
            await asyncio.sleep(0)

    async def _write(self, checkpoint: Checkpoint) -> None:
        began = _now()
        self._offered = checkpoint.position
        changes = self._fold.cache.take()
        async with self._alone:
            await self._store.save(changes, checkpoint, after=self._lane.position)
        self._fold.cache.written()
        self._lane.pages += 1
        self._lane.page_seconds += _now() - began
        self._lane.moved(checkpoint.position, checkpoint.folded)

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing
            self._writing = None

    async def _keep_up(self) -> None:
        """Show that the build lives, and keep its rows from expiring."""
        store = self._store
        renewed = _now()
        while True:
            await asyncio.sleep(1)
            self._lane.alive()
            if isinstance(store, Upkeep) and _now() - renewed >= store.renew_every.total_seconds():
                async with self._alone:
                    await store.renew()
                renewed = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()
