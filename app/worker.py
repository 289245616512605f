"""The worker process: follows the log and folds it into every view; start as many as you like."""

import asyncio
import contextlib
import signal

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.assembly import prepared
from app.contexts import VIEWS
from app.database import Database
from app.log.postgres import PostgresLog
from app.logs import configure_logs
from app.settings import Settings, read_settings
from domain.kit.codec import PlainCodec
from projections.kit.lanes import Followed, Lanes
from projections.kit.pages import Pages
from projections.kit.postgres import PostgresView
from projections.kit.postgres_checkpoints import PostgresCheckpoints
from projections.kit.postgres_store import PostgresStore
from projections.kit.redis import RedisView
from projections.kit.redis_store import RedisStore
from projections.kit.search import SearchView
from projections.kit.search_store import SearchStore


def main() -> None:
    """Work until SIGTERM or SIGINT, then give the lanes back."""
    settings = read_settings()
    configure_logs(settings.log_level)
    asyncio.run(work(settings))


async def work(settings: Settings) -> None:
    """Follow every view until a signal."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret)
        stack.push_async_callback(database.close)
        redis: Redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        search = AsyncOpenSearch(settings.opensearch_url)
        stack.push_async_callback(search.close)
        log = PostgresLog(database)
        stack.push_async_callback(log.close)
        pages = Pages(log, PlainCodec())
        followed = await followed_views(database, redis, search, settings.index_prefix)
        lanes = Lanes(
            followed, connect=database.connect, owner=database.owner, pool=database.writer, pages=pages
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
    database: Database, redis: Redis, search: AsyncOpenSearch, prefix: str
) -> list[Followed]:
    """Every view in this version's generation, with the store that holds it."""
    generations = await prepared(database)
    checkpoints = PostgresCheckpoints(database.writer)
    followed: list[Followed] = []
    for view in VIEWS:
        generation = generations[view.name]
        made = view()
        if isinstance(made, PostgresView):
            kind = type(made)
            store = PostgresStore(kind, database.writer, database.owner, generation)
            followed.append(Followed(made, store, generation))
        elif isinstance(made, RedisView):
            followed.append(Followed(made, RedisStore(made, redis, generation), generation))
        elif isinstance(made, SearchView):
            followed.append(
                Followed(made, SearchStore(made, search, generation, checkpoints, prefix), generation)
            )
    return followed
