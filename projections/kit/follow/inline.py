"""Inline views: folded inside the transaction that appends, so that they are never behind."""

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import fields
from functools import partial
from typing import Any

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import RowChanges
from projections.kit.follow.fold_page import FoldFailed, FoldPage, IsolatingFold
from projections.kit.follow.inline_lanes import InlineLanes, KeptGeneration
from projections.kit.follow.lane import Lane, Stuck
from projections.kit.follow.pages import LogEntry
from projections.kit.follow.parked_retry import ParkedRetry, next_asked
from projections.kit.follow.parking import left_out, park
from projections.kit.store.generations import Connection, Pool
from projections.kit.store.postgres_store import PostgresStore, upsert_together

_logger = logging.getLogger(__name__)

_APPENDING = 7311902764001
"""The advisory lock that every append takes (es.append): who holds it sees the log stand still."""

_READ = f"""
select {", ".join(field.name for field in fields(Envelope))} from es.events
 where position > $1 and position <= $2 order by position
"""
_ERRORS = "update ops.lanes set errors = errors + $2 where id = $1"

_TOGETHER = 6
"""Views that are written in one statement."""

StoreOf = Callable[[PostgresView[Any], int], PostgresStore[Any]]
"""Makes the store of a view's generation. Rows differ in type, hence Any."""

_Entry = tuple[Envelope, Callable[[], Event]]
"""An event with what decodes it."""


class Inline:
    """What the appender calls with each batch, between storing it and committing.

    A view that is behind, because it is new or was lost or another process appends without it, is brought
    up to date here when it lacks ``reach`` events or fewer. When it lacks more, it is left to a worker,
    which folds it in pages until it is within reach: appends do not wait for a refill.

    Of each view the generation is kept that readers see; which one that is, every batch finds out again.
    """

    def __init__(
        self, views: Sequence[PostgresView[Any]], codec: Codec, stores: StoreOf, *, reach: int = 2000
    ) -> None:
        self._views = {view.name: view for view in views}
        self._takers: dict[str, list[str]] = {}
        for view in views:
            for type_ in view.folds:
                self._takers.setdefault(type_, []).append(view.name)
        self._lanes = InlineLanes({view.name: view.version for view in views})
        self._stores: dict[tuple[str, int], PostgresStore[Any]] = {}
        self._make = stores
        self._codec = codec
        self._reach = reach
        self._left: set[str] = set()

    async def __call__(self, connection: Connection, envelopes: Sequence[Envelope]) -> None:
        """Fold the batch into every inline view, in the caller's transaction. Whatever raises undoes it all."""
        if not (self._views and envelopes):
            return
        before, last = envelopes[0].position - 1, envelopes[-1].position
        moved = await self._lanes.move_together(connection, before, last)
        await self._fold_all(connection, moved, self._touching(self._entries(envelopes), moved))
        left = self._views.keys() - moved.keys()
        if left:
            await self._advance(connection, envelopes, before, left)
        elif self._left:
            self._left = set()

    async def catch_up(self, pool: Pool) -> None:
        """Bring every inline view to the head of the log, a page at a time, while appends stand by.

        Call it before the first append of a process; others may do the same or append meanwhile.
        """
        going = bool(self._views)
        while going:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", _APPENDING)
                least, head = await self._lanes.bounds(connection)
                until = min(head, least + self._reach)
                going = await self._advance(connection, (), until, self._views.keys()) and until < head

    async def _advance(
        self,
        connection: "Connection | Any",
        envelopes: Sequence[Envelope],
        before: int,
        views: AbstractSet[str],
    ) -> bool:
        """Fold what each of these views lacks up to ``before``, and then ``envelopes``, which follow on it.

        False when there was nothing that could be folded. A pool's proxy for a connection has no type of
        its own, hence Any.
        """
        standing = await self._lanes.standing(connection, views)
        last = envelopes[-1].position if envelopes else before
        able = {
            name: lane
            for name, lane in standing.items()
            if lane.there and before - lane.position <= self._reach
        }
        self._tell(views - able.keys())
        ready = {name: lane for name, lane in able.items() if lane.position < last}
        if not ready:
            return False
        missed = await self._missed(connection, min(lane.position for lane in ready.values()), before)
        following = (*missed, *envelopes)
        touching = self._touching(self._entries(following), ready)
        lacking = {
            name: [entry for entry in entries if entry[0].position > ready[name].position]
            for name, entries in touching.items()
        }
        await self._fold_all(connection, ready, lacking)
        counts = [sum(envelope.position > lane.position for envelope in following) for lane in ready.values()]
        await self._lanes.move(connection, list(ready.values()), last, counts)
        return True

    def _entries(self, envelopes: Sequence[Envelope]) -> list[_Entry]:
        decode = partial(self._decode, dict[int, Event]())
        return [(envelope, partial(decode, envelope)) for envelope in envelopes]

    def _touching(
        self, entries: Sequence[_Entry], views: Mapping[str, KeptGeneration]
    ) -> dict[str, list[_Entry]]:
        """For each of these views that folds some of the events, which those are."""
        found: dict[str, list[_Entry]] = {}
        for entry in entries:
            for name in self._takers.get(entry[0].type, ()):
                if name in views:
                    found.setdefault(name, []).append(entry)
        return found

    async def _fold_all(
        self,
        connection: "Connection | Any",
        kept: Mapping[str, KeptGeneration],
        touching: Mapping[str, Sequence[_Entry]],
    ) -> None:
        """Fold events into views, which are written together."""
        # In one order, so that the server has the statements ready.
        ordered = sorted(touching.items())
        folded = [await self._fold(connection, kept[name], entries) for name, entries in ordered]
        for first in range(0, len(folded), _TOGETHER):
            await upsert_together(connection, folded[first : first + _TOGETHER])

    async def _fold(
        self, connection: "Connection | Any", kept: KeptGeneration, entries: Sequence[_Entry]
    ) -> tuple[PostgresStore[Any], RowChanges[Any]]:
        """Fold events for a view, but those of parked streams; a stream with one that cannot be folded is
        parked at once, for folds are pure, and whoever appends is not to suffer."""
        view, store = self._views[kept.view], self._store(kept.view, kept.generation)
        if kept.leaves_out:
            left = await left_out(connection, kept.view, kept.generation)
            entries = [entry for entry in entries if left.takes(entry[0])]
        page: FoldPage[Any] | IsolatingFold[Any]
        try:
            page = FoldPage(view, entries)
            rows = await store.load_with(connection, page.keys) if page.keys else {}
            changes = page.fold(rows)
        except FoldFailed as failed:
            _logger.error("%s cannot fold %s.", kept.view, failed, exc_info=failed.__cause__)
            page = IsolatingFold(view, entries)
            rows = await store.load_with(connection, page.keys) if page.keys else {}
            changes = page.fold(rows)
            stuck = [Stuck.of(envelope, error, 1) for envelope, error in page.stuck.values()]
            await park(connection, kept.view, kept.generation, stuck)
            await connection.execute(_ERRORS, kept.id, len(stuck))
        return store, changes

    async def answer(self, pool: Pool) -> int:
        """Do what somebody asked about parked streams of the generations kept here, each stream in one
        transaction while appends stand by; how many it was. What a worker holds is left to it."""
        done = 0
        while True:
            async with pool.acquire() as connection, connection.transaction():
                # All appends wait for this one; if its process is stopped, not for long.
                await connection.execute("set local idle_in_transaction_session_timeout = '5s'")
                await connection.execute("select pg_advisory_xact_lock($1)", _APPENDING)
                if not await self._answer_one(connection):
                    return done
            done += 1

    async def _answer_one(self, connection: "Connection | Any") -> bool:
        for standing in (await self._lanes.standing(connection)).values():
            if not (standing.there and standing.leaves_out) or standing.holder is not None:
                continue
            request = await next_asked(connection, standing.view, standing.generation)
            if request is None:
                continue
            view, store = self._views[standing.view], self._store(standing.view, standing.generation)
            lane = Lane(
                id=standing.id,
                view=standing.view,
                generation=standing.generation,
                token=standing.token,
                position=standing.position,
                folded=standing.folded,
            )
            retry = ParkedRetry(lane, view, store, self._event, connection, lambda _: nullcontext(connection))
            await retry.answer(request)
            return True
        return False

    def _store(self, name: str, generation: int) -> PostgresStore[Any]:
        store = self._stores.get((name, generation))
        if store is None:
            store = self._stores[name, generation] = self._make(self._views[name], generation)
        return store

    async def _missed(self, connection: "Connection | Any", after: int, until: int) -> list[Envelope]:
        if after >= until:
            return []
        missed = [Envelope(**row) for row in await connection.fetch(_READ, after, until)]
        if len(missed) != until - after:
            raise LookupError(f"The log has {len(missed)} events after {after} up to {until}.")
        return missed

    def _event(self, entry: LogEntry) -> Event:
        return self._codec.decode(entry.envelope)

    def _decode(self, decoded: dict[int, Event], envelope: Envelope) -> Event:
        """Each event is decoded once for all views."""
        event = decoded.get(envelope.position)
        if event is None:
            event = decoded[envelope.position] = self._codec.decode(envelope)
        return event

    def _tell(self, left: AbstractSet[str]) -> None:
        for name in left - self._left:
            _logger.warning("%s lacks too many rows to be folded inline; a worker refills it.", name)
        self._left = set(left)
