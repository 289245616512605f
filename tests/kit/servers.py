"""The real servers of a test run, and the fresh databases and keyspaces that each test module gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg
import pytest
from redis.asyncio import Redis

from app.embedded import distribution
from app.embedded.opensearch import OpenSearch, free_port
from app.embedded.postgres import Postgres
from app.settings import read_settings
from app.storage.migrate import migrate

SECRET = "a secret that only the tests know, 32+"
"""Signs the tests' tokens and derives their role passwords."""

_TEMPLATE = "headwater_template"
_numbers = count(1)


class Search:
    """The run's OpenSearch: started early when its distribution is cached, awaited when first needed."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._cache = read_settings({}).cache
        self._server: OpenSearch | None = None

    def start_early(self) -> None:
        """Start without waiting, so that the start passes beside the first tests."""
        if (found := distribution.cached(self._cache)) is not None:
            self._start(found)

    async def ready(self) -> str:
        """The address, once it answers. Raises EmbeddedError where OpenSearch cannot be had."""
        if self._server is None:
            self._start(await distribution.fetch(self._cache))
        assert self._server is not None
        await self._server.ready()
        return self._server.url

    async def stop(self) -> None:
        """Stop it, if it was started."""
        if self._server is not None:
            await self._server.stop()

    def _start(self, found: distribution.Distribution) -> None:
        folder = self._folders.mktemp("opensearch")
        self._server = OpenSearch(
            folder / "data", distribution=found, port=free_port(), log=folder / "opensearch.log"
        )
        self._server.start()


async def make_template(postgres: Postgres) -> None:
    """Make the database that every module's database is a copy of: migrated once."""
    await _execute(postgres, f"create database {_TEMPLATE}")
    await migrate(postgres.database_url(_TEMPLATE), secret=SECRET)


@asynccontextmanager
async def fresh_database(postgres: Postgres) -> AsyncIterator[str]:
    """The owner's URL of a new migrated database, dropped at the end whoever is still connected."""
    name = f"test_{next(_numbers)}"
    await _execute(postgres, f"create database {name} template {_TEMPLATE}")
    try:
        yield postgres.database_url(name)
    finally:
        await _execute(postgres, f"drop database {name} with (force)")


@asynccontextmanager
async def fresh_keyspace(url: str) -> AsyncIterator[str]:
    """The URL of an empty numbered database of the Valkey at ``url`` (channels are shared by all)."""
    fresh = f"{url}?db={next(_numbers) % 64}"
    async with Redis.from_url(fresh) as client:
        await client.flushdb()
    yield fresh


def fresh_prefix() -> str:
    """What the names of one module's search indexes begin with."""
    return f"test{next(_numbers)}-"


async def _execute(postgres: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.database_url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
