"""The worker process: follows the log and folds it into every view; start as many as you like."""

import asyncio
import contextlib
import gc
import logging
import signal
from typing import Any

import asyncpg
import uvloop
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.assembly import prepared
from app.contexts import VIEWS
from app.database import Connection, Database, Pool
from app.log.postgres import PostgresLog
from app.logs import configure_logs
from app.settings import Settings, read_settings
from app.tracing import TracedFolds, start_tracing
from domain.kit.codec import PlainCodec
from projections.kit.lanes import Followed, Lanes
from projections.kit.pages import Pages
from projections.kit.postgres import PostgresView
from projections.kit.postgres_checkpoints import PostgresCheckpoints
from projections.kit.postgres_store import CONNECTION_SETTINGS, PostgresStore
from projections.kit.redis import RedisView
from projections.kit.redis_store import RedisStore
from projections.kit.search import SearchView
from projections.kit.search_store import SearchStore
from projections.kit.store import Store
from projections.kit.view import View

_CONNECTIONS = 8


def main() -> None:
    """Work until SIGTERM or SIGINT, then give the lanes back."""
    settings = read_settings()
    configure_logs(settings.log_level)
    # Its client logs every refused connection, and each lane says once that it waits for search.
    logging.getLogger("opensearch").setLevel(logging.ERROR)
    # A page makes tens of thousands of objects that live for a moment and hold no cycles; looking through
    # them as often as Python does by default takes half of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    uvloop.run(work(settings))


async def work(settings: Settings) -> None:
    """Follow every view until a signal."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret, readers=1)
        stack.push_async_callback(database.close)
        pool = await stack.enter_async_context(await _folding_pool(database))
        redis: Redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        search = AsyncOpenSearch(settings.opensearch_url) if settings.opensearch_url else None
        if search is not None:
            stack.push_async_callback(search.close)
        log = PostgresLog(database)
        stack.push_async_callback(log.close)
        pages = Pages(log, PlainCodec())
        lanes = Lanes(
            await followed_views(database, pool, redis, search, settings.index_prefix),
            connect=database.connect,
            owner=database.owner,
            pool=pool,
            pages=pages,
            watch=TracedFolds() if start_tracing("headwater-worker") else None,
        )
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, lanes.stop)
        reading = asyncio.create_task(pages.run(), name="log pages")
        try:
            await lanes.run()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def followed_views(
    database: Database, pool: Pool, redis: Redis, search: AsyncOpenSearch | None, index_prefix: str
) -> list[Followed]:
    """Every view in this version's generation, with the store that holds it; without a search server the
    views of search are left out."""
    generations = await prepared(database)

    def store(view: View[Any]) -> Store[Any] | None:
        generation = generations[view.name]
        if isinstance(view, PostgresView):
            return PostgresStore(type(view), pool, database.owner, generation)
        if isinstance(view, RedisView):
            return RedisStore(view, redis, generation)
        if isinstance(view, SearchView) and search is not None:
            return SearchStore(view, search, generation, PostgresCheckpoints(pool), index_prefix)
        return None

    made = [(view, store(view)) for view in (kind() for kind in VIEWS)]
    return [Followed(view, one, generations[view.name]) for view, one in made if one is not None]


async def _folding_pool(database: Database) -> Pool:
    async def connect(*_: object, **__: object) -> Connection:
        return await database.connect(**CONNECTION_SETTINGS)

    async def keep(connection: Connection) -> None:
        """Nothing is changed on these connections that would have to be reset."""

    return await asyncpg.create_pool(
        min_size=1, max_size=_CONNECTIONS, max_queries=2**31, connect=connect, reset=keep
    )
