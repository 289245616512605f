"""The servers of one run: started in a scratch folder on this machine, ended with the run."""

import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import uvloop

from app.embedded import distribution
from app.embedded.opensearch import OpenSearch, free_port
from app.embedded.postgres import Postgres
from app.embedded.valkey import Valkey
from app.entry.garbage_collector import tune_collector
from app.log.postgres import PostgresLog
from app.settings import read_settings
from app.storage.database import Database
from app.storage.migrate import migrate

SECRET = "a secret that only the benchmarks know"
_TEMPLATE = "headwater_template"


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a benchmark on the product's event loop, with the garbage collection of its workers."""
    logging.basicConfig(level=logging.ERROR)
    # As `app.entry.worker` does; the peers run under the same settings.
    tune_collector()
    uvloop.run(main)


@asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    """A Postgres that keeps what it confirms, as the product runs it, with a migrated template."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as name:
        folder = Path(name)
        server = Postgres(folder / "data", sockets=folder / "run", log=folder / "postgres.log")
        server.start()
        try:
            await server.ready()
            await _execute(server, f"create database {_TEMPLATE}")
            await migrate(server.database_url(_TEMPLATE), secret=SECRET)
            print(await facts(server), flush=True)
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def valkey() -> AsyncIterator[Valkey]:
    """A Valkey with its append-only file, as the product runs it."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as name:
        folder = Path(name)
        server = Valkey(folder / "data", sockets=folder / "run", log=folder / "valkey.log")
        server.start()
        try:
            await server.ready()
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def opensearch() -> AsyncIterator[OpenSearch]:
    """The real OpenSearch. Raises EmbeddedError where it cannot be had."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as name:
        folder = Path(name)
        found = await distribution.fetch(read_settings({}).cache)
        server = OpenSearch(
            folder / "data", distribution=found, port=free_port(), log=folder / "opensearch.log"
        )
        server.start()
        try:
            await server.ready()
            yield server
        finally:
            await server.stop()


def sockets(server: Postgres) -> str:
    """The folder of the server's Unix socket, which is what the peer calls its host."""
    return dict(parse_qsl(urlsplit(server.url).query))["host"]


async def empty_database(server: Postgres, name: str) -> str:
    """The owner's URL of a new database without tables, for the peer."""
    await _execute(server, f"create database {name}")
    return server.database_url(name)


async def migrated_database(server: Postgres, name: str) -> str:
    """The owner's URL of a new database with an empty log."""
    await _execute(server, f"create database {name} template {_TEMPLATE}")
    return server.database_url(name)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Database, PostgresLog]]:
    """The database and the log of a process."""
    database = await Database.open(url, secret=SECRET)
    log = PostgresLog(database)
    try:
        yield database, log
    finally:
        await log.close()
        await database.close()


async def facts(server: Postgres) -> str:
    """What a figure depends on, in a line: cores, how busy they are, and the versions."""
    connection = await asyncpg.connect(server.database_url("postgres"))
    try:
        postgres_version = str(await connection.fetchval("show server_version"))
    finally:
        await connection.close()
    cores = len(os.sched_getaffinity(0))
    busy = os.getloadavg()[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{cores} cores, load {busy:.1f} before; Python {python}, Postgres {postgres_version} with fsync, "
        f"eventsourcing {version('eventsourcing')}"
    )


async def _execute(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.database_url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
