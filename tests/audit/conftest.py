"""A migrated database with a table for every view, and the record of accesses in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.composition.write_side import inline_views
from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from tests.kit.servers import SECRET


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The module's database, with every view's table."""
    opened = await Database.open(database_url, secret=SECRET, writers=4, readers=2)
    await inline_views(opened)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def log(database: Database) -> AsyncIterator[PostgresLog]:
    """The log, with the inline views folded as they are in the product."""
    log = PostgresLog(database, inline=await inline_views(database))
    yield log
    await log.close()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    """The owner, who sees everything."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def blocked(connection: Connection, table: str) -> AsyncIterator[None]:
    """Nobody can write the table as long as the block lasts."""
    async with connection.transaction():
        await connection.execute(f"lock table {table} in exclusive mode")
        yield
