"""A worker in the test's own process: follows every view, and can be paused."""

import asyncio
from contextlib import AsyncExitStack

from app.entry.worker import folding
from app.log.postgres import PostgresLog
from app.settings import Settings
from domain.kit.codec import PlainCodec
from projections.kit.background import running
from projections.kit.follow.lanes import Lanes
from projections.kit.follow.pages import Pages


class Worker:
    """Folds the log into all views, but for those of search when the settings name no server for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._lanes: Lanes | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow, or go on."""
        place = await self._stack.enter_async_context(folding(self._settings))
        log = PostgresLog(place.database)
        self._stack.push_async_callback(log.close)
        pages = Pages(log, PlainCodec())
        await self._stack.enter_async_context(running(pages.run, name="log pages"))
        self._lanes = Lanes(
            place.stores.views,
            place.stores.of,
            connect=place.database.connect,
            pool=place.pool,
            pages=pages,
            beat=0.2,
        )
        self._task = asyncio.create_task(self._lanes.run())

    async def pause(self) -> None:
        """Stop following; what is folded stays."""
        if self._lanes is not None and self._task is not None:
            self._lanes.stop()
            await self._task
            self._lanes = self._task = None
        await self._stack.aclose()
