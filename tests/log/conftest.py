"""The log of a test module, on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from tests.kit.servers import SECRET


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, secret=SECRET, writers=4, readers=4)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def log(database: Database) -> AsyncIterator[PostgresLog]:
    opened = PostgresLog(database)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await database.owner()
    yield connection
    await connection.close()
