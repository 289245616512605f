"""What becomes of a caller when a pool's connection cannot be taken back as it was."""

import asyncio

import psutil
import pytest

from app.embedded.postgres import Postgres
from app.storage.database import Database
from tests.kit.processes import until
from tests.kit.servers import SECRET, fresh_database

_ASLEEP = (
    "select exists (select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active')"
)


async def test_who_is_cancelled_hears_of_it_though_the_server_hangs(postgres: Postgres) -> None:
    async with fresh_database(postgres) as url:
        database = await Database.open(url, secret=SECRET, writers=1, readers=1)
        pid = await database.writer.fetchval("select pg_backend_pid()")
        asking = asyncio.create_task(database.writer.fetchval("select pg_sleep(60)"))
        backend = psutil.Process(pid)
        try:
            await until(lambda: _in_a_statement(database))
            backend.suspend()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        finally:
            backend.resume()
        # The connection was thrown away, and another one takes its place.
        assert await database.writer.fetchval("select pg_backend_pid()") != pid
        await database.close()


async def _in_a_statement(database: Database) -> bool:
    connection = await database.connect()
    try:
        return bool(await connection.fetchval(_ASLEEP))
    finally:
        await connection.close()
