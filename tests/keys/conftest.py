"""Key rings on the real database of a test module: each is what one process has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Connection, Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from tests.kit.servers import SECRET


@pytest.fixture(scope="module")
def place(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a key file that only this module uses."""
    folder: Path = tmp_path_factory.mktemp("keys")
    return Settings(database_url=database_url, secret=SECRET, data_dir=folder)


@asynccontextmanager
async def process(place: Settings) -> AsyncIterator[tuple[Database, KeyRing]]:
    """The connections and the ring of a process."""
    database = await Database.open(place.database_url, secret=SECRET, writers=4, readers=2)
    try:
        async with opened_ring(place, database) as ring:
            yield database, ring
    finally:
        await database.close()


@pytest.fixture(scope="module")
async def opened(place: Settings) -> AsyncIterator[tuple[Database, KeyRing]]:
    async with process(place) as found:
        yield found


@pytest.fixture(scope="module")
def database(opened: tuple[Database, KeyRing]) -> Database:
    return opened[0]


@pytest.fixture(scope="module")
def ring(opened: tuple[Database, KeyRing]) -> KeyRing:
    return opened[1]


@pytest.fixture(scope="module")
async def second(place: Settings, ring: KeyRing) -> AsyncIterator[KeyRing]:
    """The ring of another process."""
    async with process(place) as (_, found):
        yield found


@pytest.fixture(scope="module")
async def log(database: Database) -> AsyncIterator[PostgresLog]:
    opened = PostgresLog(database)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def bus(log: PostgresLog, ring: KeyRing) -> Bus:
    return Bus(log, SealingCodec(ring), SystemClock(), TimeOrderedIds())


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await database.owner()
    yield connection
    await connection.close()
