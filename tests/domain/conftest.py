"""The real log of a test module, and buses on it: each bus is what one process has."""

from collections.abc import AsyncIterator, Callable

import pytest

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
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


@pytest.fixture(scope="module")
async def second_log(database: Database) -> AsyncIterator[PostgresLog]:
    """The log as another process has it, with an appender of its own."""
    opened = PostgresLog(database)
    yield opened
    await opened.close()


def new_bus(log: PostgresLog) -> Bus:
    return Bus(
        log, PlainCodec(), SystemClock(), TimeOrderedIds(), source="tests", environment="test", region="here"
    )


@pytest.fixture
def bus(log: PostgresLog) -> Bus:
    return new_bus(log)


@pytest.fixture
def second_bus(second_log: PostgresLog) -> Bus:
    """The bus of another process."""
    return new_bus(second_log)


@pytest.fixture
def fresh(log: PostgresLog) -> Callable[[], Bus]:
    """Make buses that have loaded nothing yet."""
    return lambda: new_bus(log)
