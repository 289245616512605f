"""Does what somebody asked about a parked stream: folds what waited, once, or leaves it out permanently."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.view import LoadedRows, RowChanges, View
from projections.kit.follow.fold_page import IsolatingFold
from projections.kit.follow.lane import Lane, Stream, Stuck
from projections.kit.follow.pages import LogEntry
from projections.kit.store.generations import Connection, Pool
from projections.kit.store.postgres_store import REFUSED, PostgresStore
from projections.kit.store.store import Checkpoint, LeaseLost, RowsRefused, Store

# A pool's proxy for a connection has no type of its own, hence Any.
Lent: TypeAlias = "Connection | Any"

_WAITING = f"""
select {", ".join(field.name for field in fields(Envelope))} from es.events
 where tenant_id = $1 and originator_id = $2 and position >= $3 and position <= $4 order by position
"""
_OF_OTHERS = """
select exists (select from es.events
                where position = any($1::bigint[]) and (tenant_id, originator_id) <> ($2, $3))
"""
_THIS = "view = $1 and generation = $2 and tenant_id = $3 and stream = $4"
_FRESH = "update ops.lanes set token = token + 1 where id = $1 and token = $2 returning token"
_BEGUN = f"update ops.parked set token = $5, until = $6 where {_THIS}"
# It stays asked for: if anything is left it is tried at once.
_SETTLED = f"update ops.parked set position = until + 1, token = null, until = null where {_THIS}"
_FOLDED = f"delete from ops.parked where {_THIS}"
_STUCK = f"""
update ops.parked set position = $5, event_id = $6, event_type = $7, error = $8, attempts = attempts + 1,
       asked = null, token = null, until = null
 where {_THIS}
"""
_REFUSED = f"update ops.parked set error = $5, attempts = attempts + 1, asked = null where {_THIS}"
# What came after the discard was asked for is folded as if a retry had been.
_LEFT_OUT = f"""
with moved as (
    update ops.parked p set position = d.until + 1, asked = 'retry', until = null, reason = null
      from ops.parked d
     where d.view = p.view and d.generation = p.generation and d.tenant_id = p.tenant_id
       and d.stream = p.stream and p.{_THIS.replace(" and ", " and p.")}
    returning d.position as first, d.until as last, p.error, d.reason
)
insert into ops.discarded (view, generation, tenant_id, stream, first, last, error, reason)
select $1, $2, $3, $4, first, last, error, coalesce(reason, '') from moved where last >= first
"""
_FOLDED_TO = """
update ops.lanes set position = $2, folded = $3, moved_at = clock_timestamp() where id = $1 and position <= $2
"""

LEAVES_OUT = """
update ops.lanes set leaves_out = exists (select from ops.parked where view = $1 and generation = $2)
                               or exists (select from ops.discarded where view = $1 and generation = $2)
 where view = $1 and generation = $2
"""
"""Notes with the lane whether anything is left out of it."""
# A write that was begun comes first: until it is known whether it was made, nothing else may be saved.
_ASKED = """
select tenant_id, stream, position, asked, token, until from ops.parked
 where view = $1 and generation = $2 and (asked is not null or token is not null)
 order by token is null, position limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRequest:
    """A parked stream that somebody wants retried or discarded, or whose retry was begun under ``token``.

    ``until`` is the position up to which that write folds; for a discard, up to which events are left out.
    """

    tenant_id: UUID
    stream: UUID
    position: int
    asked: str | None
    token: int | None
    until: int | None

    @property
    def key(self) -> Stream:
        """Which stream it is."""
        return self.tenant_id, self.stream


async def next_asked(connection: "Pool | Lent", view: str, generation: int) -> ParkedRequest | None:
    """The parked stream that is to be answered for first, if there is any."""
    row = await connection.fetchrow(_ASKED, view, generation)
    return None if row is None else ParkedRequest(**row)


class ParkedRetry:
    """Answers for parked streams of a lane, on behalf of its holder. Rows differ in type, hence Any.

    The waiting events are folded onto the rows as they are now, and saved once. How that stays once when
    the process dies in between depends on the store:

    - Postgres: rows and record are changed in one transaction.
    - Search: documents carry the position of their last event, so a second time nothing is left to fold.
      A document that already holds a later event of another stream cannot carry a second position; such a
      retry is refused, and the tenant's rows have to be rebuilt.
    - Others (Redis): the write gets a fencing token of its own, on record before it is made. The store
      says its last token: if it is that one, the write was made.
    """

    def __init__(
        self,
        lane: Lane,
        view: View[Any],
        store: Store[Any],
        decode: Callable[[LogEntry], Event],
        pool: "Pool | Lent",
        held: Callable[[Lane], AbstractAsyncContextManager[Lent]],
    ) -> None:
        """``pool`` is read from; ``held`` is a transaction that begins by making sure of the lease."""
        self._lane, self._view, self._store = lane, view, store
        self._decode, self._pool, self._held = decode, pool, held

    async def answer(self, request: ParkedRequest) -> None:
        """Retry or discards; afterwards the stream is folded, or parked with what is wrong now."""
        if request.token is not None and await self._settled(request):
            return
        if request.asked == "discard":
            await self._change(request, _LEFT_OUT)
            return
        try:
            if isinstance(self._store, PostgresStore):
                await self._retry_in_one(request, self._store)
            else:
                await self._retry(request)
        except RowsRefused as refused:
            cause = refused.__cause__ or refused
            await self._change(request, _REFUSED, f"{type(cause).__name__} while writing its rows")

    async def _settled(self, request: ParkedRequest) -> bool:
        """Whether the write that was begun had been made; if not, it cannot be made any more."""
        if (await self._store.checkpoint()).token == request.token:
            await self._change(request, _SETTLED)
            return True
        async with self._held(self._lane) as connection:
            token = await self._fresh(connection)
        self._lane.token = token
        # Whoever began that write may still live. This one is refused if that write has happened meanwhile.
        await self._save(RowChanges())
        return False

    async def _retry_in_one(self, request: ParkedRequest, store: PostgresStore[Any]) -> None:
        lane = self._lane
        async with self._held(lane) as connection:
            page = IsolatingFold(self._view, await self._waiting(request, connection))
            rows = await store.load_with(connection, page.keys) if page.keys else {}
            try:
                async with connection.transaction():
                    await store.upsert(connection, page.fold(rows))
            except REFUSED as error:
                raise RowsRefused(f"{store.table} refuses a row") from error
            await connection.execute(_FOLDED_TO, lane.id, lane.position, lane.folded)
            await self._conclude(connection, request, page)

    async def _retry(self, request: ParkedRequest) -> None:
        page = IsolatingFold(self._view, await self._waiting(request, self._pool))
        rows = await self._store.load(page.keys) if page.keys else {}
        versioned = isinstance(rows, LoadedRows)
        if isinstance(rows, LoadedRows) and await self._newer(request, rows):
            text = f"Its rows hold later events of other streams: rebuild {self._view.name} for the tenant"
            await self._change(request, _REFUSED, f"{text} {request.tenant_id}.")
            return
        changes = page.fold(rows)
        if changes and not versioned:
            await self._begin(request, page)
        # Also without changes: the store's own checkpoint may be older than the lane's position, from where
        # on the stream is followed again.
        await self._save(changes)
        async with self._held(self._lane) as connection:
            if changes and not versioned:
                await connection.execute(
                    "update ops.lanes set mended = $2 where id = $1", self._lane.id, self._lane.token
                )
            await self._conclude(connection, request, page)

    async def _begin(self, request: ParkedRequest, page: IsolatingFold[Any]) -> None:
        stuck = page.stuck.get(request.key)
        until = stuck[0].position - 1 if stuck else self._lane.position
        async with self._held(self._lane) as connection:
            token = await self._fresh(connection)
            await connection.execute(_BEGUN, *self._this(request), token, until)
        self._lane.token = token

    async def _fresh(self, connection: Lent) -> int:
        token: int | None = await connection.fetchval(_FRESH, self._lane.id, self._lane.token)
        if token is None:
            raise LeaseLost(f"{self._view.name} is held with a newer token than {self._lane.token}")
        return token

    async def _conclude(self, connection: Lent, request: ParkedRequest, page: IsolatingFold[Any]) -> None:
        stuck = page.stuck.get(request.key)
        if stuck is None:
            await connection.execute(_FOLDED, *self._this(request))
            await connection.execute(LEAVES_OUT, self._lane.view, self._lane.generation)
            return
        envelope, error = stuck
        text = Stuck.of(envelope, error, 1).text
        await connection.execute(
            _STUCK, *self._this(request), envelope.position, envelope.event_id, envelope.type, text
        )

    async def _waiting(
        self, request: ParkedRequest, connection: Lent
    ) -> Sequence[tuple[Envelope, Callable[[], Event]]]:
        """What is to be folded: nothing when the lane has not come to the first event yet."""
        rows = await connection.fetch(
            _WAITING, request.tenant_id, request.stream, request.position, self._lane.position
        )
        envelopes = [Envelope(**row) for row in rows]
        return [(envelope, partial(self._decode, LogEntry(envelope))) for envelope in envelopes]

    async def _newer(self, request: ParkedRequest, rows: LoadedRows[Any]) -> bool:
        """Whether a row holds an event of another stream that comes after the first that waits."""
        positions = [position for position in rows.positions.values() if position > request.position]
        if not positions:
            return False
        return bool(await self._pool.fetchval(_OF_OTHERS, positions, request.tenant_id, request.stream))

    async def _save(self, changes: RowChanges[Any]) -> None:
        lane = self._lane
        await self._store.save(changes, Checkpoint(lane.position, lane.folded, lane.token))

    async def _change(self, request: ParkedRequest, sql: str, *arguments: object) -> None:
        async with self._held(self._lane) as connection:
            await connection.execute(sql, *self._this(request), *arguments)

    def _this(self, request: ParkedRequest) -> tuple[object, ...]:
        return self._lane.view, self._lane.generation, request.tenant_id, request.stream
