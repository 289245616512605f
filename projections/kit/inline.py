"""Inline views: folded inside the transaction that appends, so that they are never behind."""

import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.generations import Connection, Pool
from projections.kit.lane import Lane, Stuck
from projections.kit.mending import Mending, next_asked
from projections.kit.ops_parking import left_out, park
from projections.kit.pages import Entry
from projections.kit.postgres import PostgresView
from projections.kit.postgres_store import PostgresStore
from projections.kit.sparing import Spared
from projections.kit.touching import FoldFailed, Page

_logger = logging.getLogger(__name__)

_APPENDING = 7311902764001
"""The advisory lock that every append takes (es.append): who holds it sees the log stand still."""

# Of each view the generation that this version's readers see; a cut-over changes it under the same lock.
_STANDING = """
select l.id, l.view, l.generation, l.position, l.folded, l.token, l.holder, l.leaves_out,
       to_regclass(n.name) is not null as there,
       -- Tables grow from nothing; a plan kept from before would read them whole.
       set_config('plan_cache_mode', 'force_custom_plan', true)
  from unnest($1::text[], $2::int[]) as t(view, version)
  join ops.lanes l on l.view = t.view and l.generation = ops.serving(t.view, t.version)
 cross join lateral (select format('%I.%I', split_part(l.view, '.', 1) || '_g' || l.generation,
                                   split_part(l.view, '.', 2)) as name) n
 where l.phase <> 'repairing'
 order by l.id for update of l
"""
# A worker that was refilling the view is stopped by the new token; the view is ours from here on.
_MOVED = """
update ops.lanes l
   set position = $3, folded = l.folded + m.count, moved_at = clock_timestamp(),
       token = l.token + (l.holder is not null)::int, holder = null
  from unnest($1::text[], $2::int[], $4::bigint[]) as m(view, generation, count)
 where l.view = m.view and l.generation = m.generation
"""
_BOUNDS = """
select (select min(l.position) from unnest($1::text[], $2::int[]) as t(view, version)
          join ops.lanes l on l.view = t.view and l.generation = ops.serving(t.view, t.version)
         where l.phase <> 'repairing') as least,
       (select coalesce(max(position), 0) from es.events) as head
"""
_READ = f"""
select {", ".join(field.name for field in fields(Envelope))} from es.events
 where position > $1 and position <= $2 order by position
"""
_ERRORS = "update ops.lanes set errors = errors + $2 where id = $1"

StoreOf = Callable[[PostgresView[Any], int], PostgresStore[Any]]
"""Makes the store of a view's generation. Rows differ in type, hence Any."""

_Entry = tuple[Envelope, Callable[[], Event]]
"""An event with what decodes it."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a view stands, and the generation that is kept."""

    id: int
    view: str
    generation: int
    position: int
    folded: int
    token: int
    holder: int | None
    leaves_out: bool
    there: bool


class Inline:
    """What the appender calls with each batch, between storing it and committing.

    A view that is behind, because it is new or was lost or another process appends without it, is brought
    up to date here when it lacks ``reach`` events or fewer. When it lacks more, it is left to a worker,
    which folds it in pages until it is within reach: appends do not wait for a refill.

    Of each view the generation is kept that readers see; which one that is, every batch finds out anew.
    """

    def __init__(
        self, views: Sequence[PostgresView[Any]], codec: Codec, stores: StoreOf, *, reach: int = 2000
    ) -> None:
        self._views = {view.name: view for view in views}
        self._stores: dict[tuple[str, int], PostgresStore[Any]] = {}
        self._make = stores
        self._codec = codec
        self._reach = reach
        self._left: set[str] = set()

    async def __call__(self, connection: Connection, envelopes: Sequence[Envelope]) -> None:
        """Folds the batch into every inline view, in the caller's transaction. Whatever raises undoes it all."""
        if self._views and envelopes:
            await self._advance(connection, envelopes, envelopes[0].position - 1)

    async def catch_up(self, pool: Pool) -> None:
        """Brings every inline view to the head of the log, a page at a time, while appends stand by.

        Call it before the first append of a process; others may do the same or append meanwhile.
        """
        going = bool(self._views)
        while going:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", _APPENDING)
                least, head = await self._bounds(connection)
                until = min(head, least + self._reach)
                going = await self._advance(connection, (), until) and until < head

    async def _bounds(self, connection: "Connection | Any") -> tuple[int, int]:
        row = await connection.fetchrow(_BOUNDS, *self._named())
        assert row is not None, "an aggregate without groups is one row"
        return row["head"] if row["least"] is None else row["least"], row["head"]

    def _named(self) -> tuple[list[str], list[int]]:
        return list(self._views), [view.version for view in self._views.values()]

    async def _advance(
        self, connection: "Connection | Any", envelopes: Sequence[Envelope], before: int
    ) -> bool:
        """Folds what each view lacks up to ``before``, and then ``envelopes``, which follow on it.

        False when there was nothing that could be folded. A pool's proxy for a connection has no type of
        its own, hence Any.
        """
        standing = await self._standing(connection)
        last = envelopes[-1].position if envelopes else before
        able = {
            name: one for name, one in standing.items() if one.there and before - one.position <= self._reach
        }
        self._tell(self._views.keys() - able.keys())
        ready = {name: one for name, one in able.items() if one.position < last}
        if not ready:
            return False
        missed = await self._missed(connection, min(one.position for one in ready.values()), before)
        decode = partial(self._decode, dict[int, Event]())
        entries = [(one, partial(decode, one)) for one in (*missed, *envelopes)]
        counts: list[int] = []
        for name, one in ready.items():
            lacking = [entry for entry in entries if entry[0].position > one.position]
            counts.append(len(lacking))
            if one.leaves_out:
                left = await left_out(connection, name, one.generation)
                lacking = [entry for entry in lacking if left.takes(entry[0])]
            await self._fold(connection, one, lacking)
        generations = [one.generation for one in ready.values()]
        await connection.execute(_MOVED, list(ready), generations, last, counts)
        return True

    async def _standing(self, connection: "Connection | Any") -> dict[str, _Standing]:
        """Where the views stand, locked until the transaction ends."""
        names = [field.name for field in fields(_Standing)]
        rows = await connection.fetch(_STANDING, *self._named())
        return {row["view"]: _Standing(**{name: row[name] for name in names}) for row in rows}

    async def _fold(self, connection: "Connection | Any", one: _Standing, entries: Sequence[_Entry]) -> None:
        """Folds events into a view; a stream with one that cannot be folded is parked at once, for folds are
        pure, and whoever appends is not to suffer."""
        view, store = self._views[one.view], self._store(one.view, one.generation)
        page: Page[Any] | Spared[Any]
        try:
            page = Page.of(view, entries)
            rows = await store.load_with(connection, page.keys) if page.keys else {}
            changes = page.fold(rows)
        except FoldFailed as failed:
            _logger.error("%s cannot fold %s.", one.view, failed, exc_info=failed.__cause__)
            page = Spared.of(view, entries)
            rows = await store.load_with(connection, page.keys) if page.keys else {}
            changes = page.fold(rows)
            stuck = [Stuck.of(envelope, error, 1) for envelope, error in page.stuck.values()]
            await park(connection, one.view, one.generation, stuck)
            await connection.execute(_ERRORS, one.id, len(stuck))
        await store.upsert(connection, changes)

    async def answer(self, pool: Pool) -> int:
        """Does what somebody asked about parked streams of the generations kept here, each stream in one
        transaction while appends stand by; how many it was. What a worker holds is left to him."""
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
        for one in (await self._standing(connection)).values():
            if not (one.there and one.leaves_out) or one.holder is not None:
                continue
            asked = await next_asked(connection, one.view, one.generation)
            if asked is None:
                continue
            view, store = self._views[one.view], self._store(one.view, one.generation)
            lane = Lane(
                id=one.id,
                view=one.view,
                generation=one.generation,
                token=one.token,
                position=one.position,
                folded=one.folded,
            )
            mending = Mending(lane, view, store, self._event, connection, lambda _: nullcontext(connection))
            await mending.answer(asked)
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

    def _event(self, entry: Entry) -> Event:
        return self._codec.decode(entry.envelope)

    def _decode(self, decoded: dict[int, Event], envelope: Envelope) -> Event:
        """Each event is decoded once for all views."""
        event = decoded.get(envelope.position)
        if event is None:
            event = decoded[envelope.position] = self._codec.decode(envelope)
        return event

    def _tell(self, left: AbstractSet[str]) -> None:
        for name in left - self._left:
            _logger.warning("%s lacks too much to be folded with the appends; a worker refills it.", name)
        self._left = set(left)
