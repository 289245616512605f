"""A worker in the test's own process: follows every view, and can be paused."""

import asyncio
from contextlib import AsyncExitStack

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.database import Database
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.worker import followed_views
from domain.kit.codec import PlainCodec
from projections.kit.lanes import Lanes
from projections.kit.pages import Pages


class Worker:
    """Folds the log into all views, but for those of search when the settings name no server for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._lanes: Lanes | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to follow, or goes on."""
        settings = self._settings
        database = await Database.open(settings.database_url, secret=settings.secret, readers=1)
        self._stack.push_async_callback(database.close)
        redis: Redis = Redis.from_url(settings.redis_url)
        self._stack.push_async_callback(redis.aclose)
        search = AsyncOpenSearch(settings.opensearch_url) if settings.opensearch_url else None
        if search is not None:
            self._stack.push_async_callback(search.close)
        log = PostgresLog(database)
        self._stack.push_async_callback(log.close)
        pages = Pages(log, PlainCodec())
        reading = asyncio.create_task(pages.run())
        self._stack.push_async_callback(_ended, reading)
        self._lanes = Lanes(
            await followed_views(database, database.writer, redis, search, settings.index_prefix),
            connect=database.connect,
            owner=database.owner,
            pool=database.writer,
            pages=pages,
            beat=0.2,
        )
        self._task = asyncio.create_task(self._lanes.run())

    async def pause(self) -> None:
        """Stops following; what is folded stays."""
        if self._lanes is not None and self._task is not None:
            self._lanes.stop()
            await self._task
            self._lanes = self._task = None
        await self._stack.aclose()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
