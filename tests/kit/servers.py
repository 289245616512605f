"""The fresh databases and keyspaces that each test module gets on the run's servers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from app.composition.write_side import prepared
from app.embedded.postgres import Postgres
from app.storage.database import Database
from app.storage.migrate import migrate
from tests.kit.memory import folder_in_memory

SECRET = "a secret that only the tests know, 32+"
"""Signs the tests' tokens and derives their role passwords."""

_TEMPLATE, _PREPARED = "headwater_template", "headwater_prepared"
_numbers = count(1)
_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
"""The name of this process of a run that has several."""


@asynccontextmanager
async def postgres_with_templates(folder: Path, *, durable: bool) -> AsyncIterator[Postgres]:
    """A Postgres with the migrated templates, in memory where there is room, else in ``folder``.

    ``durable``: what it has answered outlives a kill of it.
    """
    with folder_in_memory(folder) as place:
        server = Postgres(place / "data", sockets=place / "run", log=place / "postgres.log", durable=durable)
        server.start()
        try:
            await server.ready()
            await make_template(server)
            yield server
        finally:
            await server.stop()


async def make_template(postgres: Postgres) -> None:
    """Make the databases that every module's database is a copy of: migrated, and with the tables of all views."""
    await _execute(postgres, f"create database {_TEMPLATE}")
    await migrate(postgres.database_url(_TEMPLATE), secret=SECRET)
    await _execute(postgres, _copy(_TEMPLATE, _PREPARED))
    database = await Database.open(postgres.database_url(_PREPARED), secret=SECRET, writers=1, readers=1)
    try:
        await prepared(database)
    finally:
        await database.close()


@asynccontextmanager
async def fresh_database(postgres: Postgres, *, with_views: bool = False) -> AsyncIterator[str]:
    """The owner's URL of a new migrated database, dropped at the end whoever is still connected.

    ``with_views``: it has a table for every view already, as where the product has been before.
    """
    name = f"test_{next(_numbers)}"
    await _execute(postgres, _copy(_PREPARED if with_views else _TEMPLATE, name))
    try:
        yield postgres.database_url(name)
    finally:
        await _execute(postgres, f"drop database {name} with (force)")


@asynccontextmanager
async def prepared_when_created(postgres: Postgres) -> AsyncIterator[None]:
    """Whatever database is created on the server meanwhile, as those of silos, is migrated and has its views.

    What makes such a database looks at each step and finds it done, which takes a tenth of doing it.
    """
    await _execute(postgres, "alter database template1 rename to template_empty")
    try:
        await _execute(postgres, _copy(_PREPARED, "template1"))
        try:
            yield
        finally:
            await _execute(postgres, "drop database template1")
    finally:
        await _execute(postgres, "alter database template_empty rename to template1")


@asynccontextmanager
async def fresh_keyspace(url: str) -> AsyncIterator[str]:
    """The URL of an empty numbered database of the Valkey at ``url`` (channels are shared by all)."""
    fresh = f"{url}?db={next(_numbers) % 64}"
    async with Redis.from_url(fresh) as client:
        await client.flushdb()
    yield fresh


def fresh_prefix() -> str:
    """What the names of one module's search indexes begin with."""
    return f"{_PROCESS}test{next(_numbers)}-"


def _copy(template: str, name: str) -> str:
    # Copied as files, by the kernel: written through the server's log it takes twice the work.
    return f"create database {name} template {template} strategy file_copy"


async def _execute(postgres: Postgres, statement: str) -> None:
    url = postgres.database_url("postgres")
    connection = await asyncpg.connect(url, server_settings={"file_copy_method": "clone"})
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
