"""Our follower as the benchmarks drive it: a view's lane, its pages, and how far it has come."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database, Pool
from bench.table import Stopwatch
from domain.kit.codec import PlainCodec
from domain.kit.log import Envelope
from projections.kit.declare.view import View
from projections.kit.follow.lane_worker import StoreOf
from projections.kit.follow.lanes import Lanes
from projections.kit.follow.pages import Pages
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import CONNECTION_SETTINGS


@dataclass(frozen=True, slots=True)
class Fill:
    """How a view was filled: events read, rows then in the view, seconds passed, seconds computed."""

    events: int
    rows: int
    seconds: float
    computed: float


class Progress:
    """A watch that notes when each position could be read, and says when one is reached."""

    def __init__(self, *, until: int = 0) -> None:
        self.seen: list[tuple[float, int]] = []
        """When a page had been saved, by the monotonic clock that all processes share, and its last position."""
        self._until = until
        self._reached = asyncio.Event()

    def folded(self, view: str, events: Sequence[Envelope], position: int, seconds: float) -> None:
        self.seen.append((time.monotonic(), position))
        if position >= self._until:
            self._reached.set()

    async def reached(self) -> None:
        """Wait until the position is folded."""
        await self._reached.wait()


@asynccontextmanager
async def folding_pool(database: Database) -> AsyncIterator[Pool]:
    """Connections with the settings that the worker's have."""

    async def connect(*_: object, **__: object) -> Connection:
        return await database.connect(**CONNECTION_SETTINGS)

    async def keep(connection: Connection) -> None:
        """Nothing is changed on these connections that would have to be reset."""

    pool = await asyncpg.create_pool(min_size=1, max_size=8, max_queries=2**31, connect=connect, reset=keep)
    async with pool:
        yield pool


@asynccontextmanager
async def following(
    database: Database, log: PostgresLog, pool: Pool, view: View[Any], make: StoreOf, watch: Progress
) -> AsyncIterator[Lanes]:
    """A worker in this process that follows one view while the block runs."""
    await make(view, await enroll(pool, type(view))).prepare()
    pages = Pages(log, PlainCodec())
    reading = asyncio.create_task(pages.run())
    lanes = Lanes(
        [view],
        make,
        connect=database.connect,
        pool=pool,
        pages=pages,
        watch=watch,
    )
    working = asyncio.create_task(lanes.run())
    try:
        yield lanes
    finally:
        lanes.stop()
        await working
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def fill(database: Database, log: PostgresLog, pool: Pool, view: View[Any], make: StoreOf) -> Fill:
    """Fill a view from nothing to the head of the log.

    What was there of the view before is dropped first, outside the measured time.
    """
    head = await log.head()
    generation = await enroll(pool, type(view))
    store = make(view, generation)
    await store.prepare()
    await store.drop()
    await store.prepare()
    await pool.execute(
        "update ops.lanes set position = 0, folded = 0 where view = $1 and generation = $2",
        view.name,
        generation,
    )
    progress = Progress(until=head)
    watch = Stopwatch()
    async with following(database, log, pool, view, make, progress):
        await progress.reached()
        seconds, computed = watch.stop()
    return Fill(head, await store.count(), seconds, computed)
