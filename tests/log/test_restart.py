"""The log's writer and followers live through a restart of the server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.embedded.postgres import Postgres
from app.log.failures import LogUnavailable
from app.log.feed import RecentEvents
from app.log.postgres import PostgresLog
from app.storage.database import Database
from app.storage.migrate import migrate
from domain.kit.log import AppendReceipt
from tests.kit.servers import SECRET
from tests.log.appends import command, event, stored, whole

pytestmark = pytest.mark.servers


@pytest.fixture
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    folder = tmp_path_factory.mktemp("restarted")
    server = Postgres(folder / "data", sockets=folder / "run", log=folder / "postgres.log")
    server.start()
    await server.ready()
    yield server
    await server.stop()


async def test_appends_and_follows_over_a_restart(server: Postgres) -> None:
    await migrate(server.url, secret=SECRET)
    database = await Database.open(server.url, secret=SECRET, writers=2, readers=2)
    log, feed = PostgresLog(database), RecentEvents(database)
    await feed.start()
    followed: list[int] = []
    numbers = iter(range(300))
    halfway = asyncio.Event()

    async def caller() -> None:
        for number in numbers:
            assert isinstance(await log.append(command(event())), AppendReceipt)
            if number >= 100:
                halfway.set()

    async def follower() -> None:
        async for page in feed.pages(after=0):
            followed.extend(envelope.position for envelope in page)
            if len(followed) >= 300:
                return

    async with asyncio.TaskGroup() as tasks:
        for _ in range(6):
            tasks.create_task(caller())
        tasks.create_task(follower())
        await halfway.wait()
        await server.stop()
        server.start()
        await server.ready()
    assert followed == list(range(1, 301))
    assert await whole(database) == 300
    await feed.close()
    await log.close()
    await database.close()


async def test_says_so_when_the_server_stays_away(server: Postgres) -> None:
    await migrate(server.url, secret=SECRET)
    database = await Database.open(server.url, secret=SECRET, writers=2, readers=2)
    log, append = PostgresLog(database, patience=0.1), command(event())
    stored(await log.append(command(event())))
    await server.stop()
    answers = await asyncio.gather(*(log.append(append) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, LogUnavailable) for answer in answers)
    server.start()
    await server.ready()
    stored(await log.append(append))
    await log.close()
    await database.close()
