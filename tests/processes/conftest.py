"""A database for each test, a bus on it whose clock the test sets, and workers that run processes."""

from collections.abc import AsyncIterator

import pytest

from app.embedded.postgres import Postgres
from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import PlainCodec
from tests.kit.servers import SECRET, fresh_database
from tests.processes.working import SetClock, Works


@pytest.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[str]:
    """The owner's URL of a migrated database that only this test uses."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, secret=SECRET, writers=8, readers=4)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await database.owner()
    yield connection
    await connection.close()


@pytest.fixture
async def log(database: Database) -> AsyncIterator[PostgresLog]:
    opened = PostgresLog(database)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def bus(log: PostgresLog, clock: SetClock) -> Bus:
    return Bus(log, PlainCodec(), clock, TimeOrderedIds(), source="tests", environment="test", region="here")


@pytest.fixture
async def works(database: Database, log: PostgresLog, bus: Bus, clock: SetClock) -> AsyncIterator[Works]:
    works = Works(database, log, bus, clock)
    yield works
    await works.close()
