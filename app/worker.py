"""The worker process: follows the log and folds it into every view; start as many as you like."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.assembly import bus_of, inline_views, prepared
from app.database import Connection, Database, Pool
from app.log.postgres import PostgresLog
from app.logs import configure_logs
from app.processes import enrolled, run_processes
from app.rebuilding import Rebuilding
from app.settings import Settings, read_settings
from app.stores import Stores
from app.tracing import TracedFolds, start_tracing
from domain.kit.codec import PlainCodec
from projections.kit.lanes import Lanes
from projections.kit.pages import Pages
from projections.kit.postgres_store import CONNECTION_SETTINGS

_CONNECTIONS = 8


def main() -> None:
    """Work until SIGTERM or SIGINT, then give the lanes back."""
    settings = read_settings()
    configure_logs(settings.log_level)
    quick()
    uvloop.run(work(settings))


def quick() -> None:
    """Sets up a process that folds events."""
    # Its client logs every refused connection, and each lane says once that it waits for search.
    logging.getLogger("opensearch").setLevel(logging.ERROR)
    # A page makes tens of thousands of objects that live for a moment and hold no cycles; looking through
    # them as often as Python does by default takes half of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


async def work(settings: Settings) -> None:
    """Follow every view until a signal."""
    async with contextlib.AsyncExitStack() as stack:
        place = await stack.enter_async_context(folding(settings))
        # Processes append; the views follow.
        log = PostgresLog(place.database, inline=await inline_views(place.database))
        stack.push_async_callback(log.close)
        pages = Pages(log, PlainCodec())
        lanes = Lanes(
            place.stores.views,
            place.stores.of,
            connect=place.database.connect,
            pool=place.pool,
            pages=pages,
            watch=TracedFolds() if start_tracing("headwater-worker") else None,
        )
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, lanes.stop)
        await stack.enter_async_context(running(pages.run(), name="log pages"))
        acting = run_processes(
            await enrolled(place.database),
            database=place.database,
            log=log,
            pages=pages,
            bus=bus_of(log, settings),
        )
        await stack.enter_async_context(running(acting, name="processes"))
        await stack.enter_async_context(running(Rebuilding(settings, place.pool).run(), name="rebuilding"))
        await lanes.run()


@dataclass(frozen=True, slots=True)
class Folding:
    """What a process needs that folds events into views."""

    database: Database
    pool: Pool
    stores: Stores


@contextlib.asynccontextmanager
async def folding(settings: Settings) -> AsyncIterator[Folding]:
    """Connections to all stores, with every view enrolled and every table made."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret, readers=4)
        stack.push_async_callback(database.close)
        pool = await stack.enter_async_context(await _folding_pool(database))
        redis: Redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        search = AsyncOpenSearch(settings.opensearch_url) if settings.opensearch_url else None
        if search is not None:
            stack.push_async_callback(search.close)
        await prepared(database)
        yield Folding(database, pool, Stores(database, pool, redis, search, settings.index_prefix))


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[None]:
    """A task beside the block, ended with it."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _folding_pool(database: Database) -> Pool:
    async def connect(*_: object, **__: object) -> Connection:
        return await database.connect(**CONNECTION_SETTINGS)

    async def keep(connection: Connection) -> None:
        """Nothing is changed on these connections that would have to be reset."""

    return await asyncpg.create_pool(
        min_size=1, max_size=_CONNECTIONS, max_queries=2**31, connect=connect, reset=keep
    )
