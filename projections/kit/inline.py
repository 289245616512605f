"""Inline views: folded inside the transaction that appends, so that they are never behind."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.generations import Connection, Pool
from projections.kit.postgres import PostgresView
from projections.kit.postgres_store import PostgresStore
from projections.kit.touching import Page

_logger = logging.getLogger(__name__)

_APPENDING = 7311902764001
"""The advisory lock that every append takes (es.append): who holds it sees the log stand still."""

_STANDING = """
select l.view, l.position, to_regclass(t.name) is not null as there,
       -- Tables grow from nothing; a plan kept from before would read them whole.
       set_config('plan_cache_mode', 'force_custom_plan', true)
  from unnest($1::text[], $2::int[], $3::text[]) as t(view, generation, name)
  join ops.lanes l using (view, generation)
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
_READ = f"""
select {", ".join(field.name for field in fields(Envelope))} from es.events
 where position > $1 and position <= $2 order by position
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An inline view with its store. Rows differ in type, hence Any."""

    view: PostgresView[Any]
    store: PostgresStore[Any]
    generation: int


class Inline:
    """What the appender calls with each batch, between storing it and committing.

    A view that is behind, because it is new or was lost or another process appends without it, is brought
    up to date here when it lacks ``reach`` events or fewer. When it lacks more, it is left to a worker,
    which folds it in pages until it is within reach: appends do not wait for a refill.
    """

    def __init__(self, views: Sequence[Kept], codec: Codec, *, reach: int = 2000) -> None:
        self._views = {one.view.name: one for one in views}
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
        for one in self._views.values():
            await one.store.prepare()
        going = bool(self._views)
        while going:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", _APPENDING)
                least, head = await self._bounds(connection)
                until = min(head, least + self._reach)
                going = await self._advance(connection, (), until) and until < head

    async def _bounds(self, connection: "Connection | Any") -> tuple[int, int]:
        names = list(self._views)
        row = await connection.fetchrow(
            """select (select min(position) from unnest($1::text[], $2::int[]) as t(view, generation)
                         join ops.lanes using (view, generation)) as least,
                      (select coalesce(max(position), 0) from es.events) as head""",
            names,
            [self._views[name].generation for name in names],
        )
        assert row is not None, "an aggregate without groups is one row"
        return row["least"], row["head"]

    async def _advance(
        self, connection: "Connection | Any", envelopes: Sequence[Envelope], before: int
    ) -> bool:
        """Folds what each view lacks up to ``before``, and then ``envelopes``, which follow on it.

        False when there was nothing that could be folded. A pool's proxy for a connection has no type of
        its own, hence Any.
        """
        names = list(self._views)
        standing = await connection.fetch(
            _STANDING,
            names,
            [self._views[name].generation for name in names],
            [self._views[name].store.table for name in names],
        )
        last = envelopes[-1].position if envelopes else before
        able = {one["view"] for one in standing if one["there"] and before - one["position"] <= self._reach}
        self._tell(set(names) - able)
        ready = {one["view"]: one["position"] for one in standing if one["position"] < last}
        ready = {name: position for name, position in ready.items() if name in able}
        if not ready:
            return False
        missed = await self._missed(connection, min(ready.values()), before)
        decode = partial(self._decode, dict[int, Event]())
        entries = [(one, partial(decode, one)) for one in (*missed, *envelopes)]
        counts: list[int] = []
        for name, position in ready.items():
            kept = self._views[name]
            lacking = [entry for entry in entries if entry[0].position > position]
            page = Page.of(kept.view, lacking)
            rows = await kept.store.load_with(connection, page.keys) if page.keys else {}
            await kept.store.upsert(connection, page.fold(rows))
            counts.append(len(lacking))
        generations = [self._views[name].generation for name in ready]
        await connection.execute(_MOVED, list(ready), generations, last, counts)
        return True

    async def _missed(self, connection: "Connection | Any", after: int, until: int) -> list[Envelope]:
        if after >= until:
            return []
        missed = [Envelope(**row) for row in await connection.fetch(_READ, after, until)]
        if len(missed) != until - after:
            raise LookupError(f"The log has {len(missed)} events after {after} up to {until}.")
        return missed

    def _decode(self, decoded: dict[int, Event], envelope: Envelope) -> Event:
        """Each event is decoded once for all views."""
        event = decoded.get(envelope.position)
        if event is None:
            event = decoded[envelope.position] = self._codec.decode(envelope)
        return event

    def _tell(self, left: set[str]) -> None:
        for name in left - self._left:
            _logger.warning("%s lacks too much to be folded with the appends; a worker refills it.", name)
        self._left = left
