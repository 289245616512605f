"""Commands and logs while Postgres is away: sentences, and no tracebacks."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
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
        """Starts it again, which has to recover."""
        self.postgres.start()
        await self.postgres.ready()


@pytest.fixture
async def site(tmp_path: Path, redis_url: str) -> AsyncIterator[Site]:
    postgres = Postgres(tmp_path / "pg", sockets=tmp_path / "run", log=tmp_path / "pg.log", durable=False)
    postgres.start()
    try:
        await postgres.ready()
        await servers.make_template(postgres)
        async with servers.fresh_database(postgres) as url:
            yield Site(
                postgres,
                Settings(
                    data_dir=tmp_path / "data",
                    database_url=url,
                    redis_url=redis_url,
                    secret=servers.SECRET,
                ),
            )
    finally:
        await postgres.stop()


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
        await database.close()
        await owner.close()


def test_a_log_that_cannot_be_reached_is_a_sentence() -> None:
    said = sentence(LogUnavailable("The event log cannot be reached."))
    assert said == "a server could not be reached: The event log cannot be reached."
