"""A rebuilder in the test's own process, there for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.entry.rebuilder import rebuilder_of
from app.entry.worker import folding
from app.log.postgres import PostgresLog
from app.settings import Settings


@asynccontextmanager
async def rebuilding(settings: Settings) -> AsyncIterator[None]:
    """Whatever is asked for is built."""
    async with folding(settings) as place:
        log = PostgresLog(place.database)
        rebuilder = rebuilder_of(place, log, settings)
        working = asyncio.create_task(rebuilder.run(idle=None))
        try:
            yield
        finally:
            rebuilder.stop()
            await working
            await log.close()
