"""Parked streams in ``ops.parked``, as the holder of a lane sees them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from domain.kit.events import Event
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane, LeftOut, Stream, Stuck
from projections.kit.follow.pages import LogEntry
from projections.kit.follow.parked_retry import LEAVES_OUT, Lent, ParkedRetry, next_asked
from projections.kit.store.generations import Pool
from projections.kit.store.store import LeaseLost, Store

_AT_ONCE = 20
"""Streams that are answered for before the lane goes on with its pages."""

_PARKED = "select tenant_id, stream, position from ops.parked where view = $1 and generation = $2"
_DISCARDED = "select tenant_id, stream, first, last from ops.discarded where view = $1 and generation = $2"
_PARKED_COLUMNS = "tenant_id, stream, topic, position, event_id, event_type, error, attempts, parked_at"
_DISCARDED_COLUMNS = "tenant_id, stream, first, last, error, reason, discarded_at"
_PARK = """
with marked as (update ops.lanes set leaves_out = true where view = $1 and generation = $2)
insert into ops.parked (view, generation, stream, tenant_id, topic, position, event_id, event_type, error,
                        attempts)
select $1, $2, * from unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::uuid[], $8::text[],
                             $9::text[], $10::int[])
on conflict do nothing
"""


class OpsParking:
    """`Parking` in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def left_out(self, lane: Lane) -> LeftOut:
        """See `Parking`."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            found = await left_out(connection, lane.view, lane.generation)
            retry_token = await connection.fetchval("select mended from ops.lanes where id = $1", lane.id)
        return LeftOut(found.parked, found.discarded, retry_token or 0)

    async def streams(self, lane: Lane) -> dict[Stream, int]:
        """The parked streams, each with its first position that is not folded."""
        return (await self.left_out(lane)).parked

    async def park(self, lane: Lane, stuck: Sequence[Stuck]) -> None:
        """See `Parking`."""
        async with self._held(lane) as connection:
            await park(connection, lane.view, lane.generation, stuck)

    async def answer(
        self, lane: Lane, view: View[Any], store: Store[Any], decode: Callable[[LogEntry], Event]
    ) -> bool:
        """See `Parking`."""
        retry = ParkedRetry(lane, view, store, decode, self._pool, self._held)
        for done in range(_AT_ONCE):
            request = await next_asked(self._pool, lane.view, lane.generation)
            if request is None:
                return done > 0
            await retry.answer(request)
            lane.alive()
        return True

    @asynccontextmanager
    async def _held(self, lane: Lane) -> AsyncIterator[Lent]:
        """A transaction while the lane is surely ours, durable when the block ends."""
        async with self._pool.acquire() as connection, connection.transaction():
            # Stores outside Postgres remember what they were told; the record must not forget it in a crash.
            # A process that is stopped in the middle must not keep the lane's row from the next holder.
            await connection.execute(
                "set local synchronous_commit = on; set local idle_in_transaction_session_timeout = '5s'"
            )
            ours = await connection.fetchval(
                "select true from ops.lanes where id = $1 and token = $2 for update", lane.id, lane.token
            )
            if not ours:
                raise LeaseLost(f"{lane.view} is held with a newer token than {lane.token}")
            yield connection


async def left_out(connection: Lent, view: str, generation: int) -> LeftOut:
    """What is parked and discarded in a generation, whoever keeps it."""
    parked = await connection.fetch(_PARKED, view, generation)
    discarded: dict[Stream, list[tuple[int, int]]] = defaultdict(list)
    for row in await connection.fetch(_DISCARDED, view, generation):
        discarded[row["tenant_id"], row["stream"]].append((row["first"], row["last"]))
    return LeftOut({(row["tenant_id"], row["stream"]): row["position"] for row in parked}, dict(discarded))


async def park(connection: Lent, view: str, generation: int, stuck: Sequence[Stuck]) -> None:
    """Park streams, in the caller's transaction."""
    envelopes = [event.envelope for event in stuck]
    await connection.execute(
        _PARK,
        view,
        generation,
        [event.originator_id for event in envelopes],
        [event.tenant_id for event in envelopes],
        [event.topic for event in envelopes],
        [event.position for event in envelopes],
        [event.event_id for event in envelopes],
        [event.type for event in envelopes],
        [event.text for event in stuck],
        [event.attempts for event in stuck],
    )


async def adopt(connection: Lent, view: str, generation: int, built: int, tenant_id: UUID) -> None:
    """Make what a generation leaves out of a tenant what another one does, whose rows it was given; in the
    caller's transaction, while nobody follows the generation."""
    for table, columns in (("parked", _PARKED_COLUMNS), ("discarded", _DISCARDED_COLUMNS)):
        await connection.execute(
            f"delete from ops.{table} where view = $1 and generation = $2 and tenant_id = $3",
            view,
            generation,
            tenant_id,
        )
        await connection.execute(
            f"""insert into ops.{table} (view, generation, {columns}) select view, $2, {columns}
                  from ops.{table} where view = $1 and generation = $4 and tenant_id = $3""",
            view,
            generation,
            tenant_id,
            built,
        )
    await connection.execute(LEAVES_OUT, view, generation)
