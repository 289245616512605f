"""Commands and logs while Postgres is away: sentences, and no tracebacks."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.cli.failures import sentence
from app.database import Database
from app.embedded.postgres import Postgres
from app.log.failures import LogUnavailable
from app.logs import JsonLines
from app.settings import Settings
from tests.kit import servers
from tests.kit.processes import until
from tests.operations.test_command_line import started

VIEW = "tasks.tasks"


@dataclass
class Site:
    """A database on a server of its own, which a test may stop."""

    postgres: Postgres
    settings: Settings

    def kill(self) -> None:
        """Ends the server at once, as a crash does."""
        assert self.postgres.process is not None
        self.postgres.process.kill()

    async def back(self) -> None:
        """Starts it again, which has to recover; nothing is to be done where it runs."""
        assert self.postgres.process is not None
        if self.postgres.process.exit_code() is not None:
            self.postgres.start()
        await self.postgres.ready()


@pytest.fixture(scope="module")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """A server that only this module uses."""
    folder = tmp_path_factory.mktemp("pg")
    server = Postgres(folder / "data", sockets=folder / "run", log=folder / "log", durable=False)
    server.start()
    try:
        await server.ready()
        await servers.make_template(server)
        yield server
    finally:
        await server.stop()


@pytest.fixture
async def site(postgres: Postgres, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A database that only one test uses; its server is there again afterwards."""
    async with servers.fresh_database(postgres) as url:
        settings = Settings(data_dir=tmp_path, database_url=url, redis_url=redis_url, secret=servers.SECRET)
        site = Site(postgres, settings)
        try:
            yield site
        finally:
            await site.back()


async def line_with(stream: asyncio.StreamReader | None, words: str, seen: list[str]) -> None:
    """Reads up to the line with these words; what is read is added to ``seen``."""
    assert stream is not None
    async with asyncio.timeout(60):
        while True:
            line = (await stream.readline()).decode()
            assert line, f"it ended after {seen}"
            seen.append(line.rstrip("\n"))
            if words in line:
                return


async def test_a_command_says_in_its_own_words_alone_that_the_database_went(site: Site) -> None:
    said: list[str] = []
    async with started(site.settings, "rebuild", VIEW) as process:
        await line_with(process.stderr, "No worker is at work", said)
        site.kill()
        await line_with(process.stderr, "the database could not be reached: ", said)
        await site.back()
    assert [line for line in said if not line.startswith("headwater: ")] == []


@pytest.mark.parametrize("state", ["nologin", "login connection limit 0"])
async def test_a_pool_that_cannot_connect_logs_one_line_whatever_the_reason(
    site: Site, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """A role that may not log in is no server that is away, and the pool tries again all the same."""
    url = site.settings.database_url
    owner = await asyncpg.connect(url)
    database = await Database.open(url, secret=site.settings.secret, writers=1, readers=1)
    try:
        await owner.execute(f"alter role headwater_reader {state}")
        await owner.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where usename = 'headwater_reader' and datname = current_database()"""
        )

        def told() -> list[logging.LogRecord]:
            return [one for one in caplog.records if one.name == "asyncpg.pool"]

        await until(lambda: bool(told()))
        (error,) = {json.loads(JsonLines().format(one))["error"] for one in told()}
        assert error.startswith("asyncpg.exceptions.")
        assert "\n" not in error
    finally:
        await owner.execute("alter role headwater_reader login connection limit -1")
        await database.close()
        await owner.close()


@asynccontextmanager
async def rebuilder(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program that builds, as its worker starts it; it does not outlive the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.rebuilder", env={**os.environ, **settings.environ()}, stderr=PIPE
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_rebuilder_that_starts_before_the_database_waits_for_it_and_builds(site: Site) -> None:
    async with started(site.settings, "rebuild", VIEW, "--detach") as process:
        await process.communicate()
    site.kill()
    said: list[str] = []
    async with rebuilder(site.settings) as process:
        await line_with(process.stderr, "Postgres does not answer", said)
        assert len(said) == 1
        await site.back()
        owner = await asyncpg.connect(site.settings.database_url)
        try:

            async def built() -> bool:
                phase = await owner.fetchval(
                    "select phase from ops.lanes where view = $1 and generation = 2", VIEW
                )
                return bool(phase == "following")

            await until(built)
        finally:
            await owner.close()


async def test_a_rebuilder_that_waits_for_the_database_stops_when_it_is_asked(site: Site) -> None:
    site.kill()
    async with rebuilder(site.settings) as process:
        await line_with(process.stderr, "Postgres does not answer", [])
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0


def test_a_log_that_cannot_be_reached_is_a_sentence() -> None:
    said = sentence(LogUnavailable("The event log cannot be reached."))
    assert said == "a server could not be reached: The event log cannot be reached."
