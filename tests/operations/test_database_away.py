"""Commands and logs while Postgres is away: sentences, and no tracebacks."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from app.cli import reconnect
from app.cli.answers import UNREACHABLE
from app.embedded.postgres import Postgres
from app.settings import Settings
from app.storage.database import Database
from app.telemetry.logs import JsonLines
from tests.kit import servers
from tests.kit.processes import until
from tests.kit.stopping import hanging
from tests.operations.command_line import CommandLine
from tests.operations.test_command_line import started

VIEW, TABLE = "tasks.tasks", "tasks_g1.tasks"


@dataclass
class Site:
    """A database on a server of its own, which a test may stop."""

    postgres: Postgres
    settings: Settings

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        assert self.postgres.process is not None
        self.postgres.process.kill()

    async def back(self) -> None:
        """Start it again, which has to recover; nothing is to be done where it runs."""
        assert self.postgres.process is not None
        if self.postgres.process.exit_code() is not None:
            self.postgres.start()
        await self.postgres.ready()


@pytest.fixture(scope="module")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """A server that only this module uses; what it has answered outlives its end.

    It is in memory, for where it recovers it first writes every file of its databases out.
    """
    async with servers.postgres_with_templates(tmp_path_factory.mktemp("postgres"), durable=True) as server:
        yield server


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
    """Read up to the line with these words; what is read is added to ``seen``."""
    assert stream is not None
    async with asyncio.timeout(120):
        while True:
            line = (await stream.readline()).decode()
            assert line, f"it ended after {seen}"
            seen.append(line.rstrip("\n"))
            if words in line:
                return


AWAY, BACK = "the database could not be reached: ", "headwater: it answers again.\n"


async def test_a_command_says_in_its_own_words_alone_that_the_database_went(site: Site) -> None:
    said: list[str] = []
    async with started(site.settings, "rebuild", VIEW) as process:
        await line_with(process.stderr, "No worker is at work", said)
        site.kill()
        await line_with(process.stderr, AWAY, said)
        await site.back()
        await line_with(process.stderr, BACK, said)
    assert [line for line in said if not line.startswith("headwater: ")] == []
    assert len(said) == 3


async def test_who_watches_a_rebuild_sees_its_end_though_the_database_went(site: Site) -> None:
    said: list[str] = []
    async with started(site.settings, "rebuild", VIEW, "--json") as process:
        assert process.stdout is not None
        id = json.loads(await process.stdout.readline())["id"]
        for _ in range(2):
            site.kill()
            await line_with(process.stderr, AWAY, said)
            await site.back()
            await line_with(process.stderr, BACK, said)
        async with started(site.settings, "cancel", id) as other:
            await other.communicate()
        output, errors = await process.communicate()
    assert json.loads(output.splitlines()[-1])["state"] == "cancelled"
    assert (process.returncode, errors) == (1, b"")


async def test_a_database_that_hangs_is_away(site: Site) -> None:
    said: list[str] = []
    async with started(site.settings, "rebuild", VIEW) as process:
        await line_with(process.stderr, "No worker is at work", said)
        with hanging(site.postgres):
            await line_with(process.stderr, AWAY, said)
        await line_with(process.stderr, BACK, said)
    assert [line for line in said if not line.startswith("headwater: ")] == []


async def test_who_waits_for_a_tenant_goes_on_when_the_database_is_back(site: Site) -> None:
    said: list[str] = []
    words = ("tenant", "create", "Acme", "--slug", "acme", "--wait", "600")
    async with started(site.settings, *words) as process:
        await line_with(process.stderr, "No worker is at work here", said)
        owner = await asyncpg.connect(site.settings.database_url)
        await until(asked_for(owner))
        await owner.close()
        site.kill()
        await line_with(process.stderr, AWAY, said)
        await site.back()
        await line_with(process.stderr, BACK, said)
        assert process.returncode is None


async def test_a_replay_that_only_looks_goes_on_when_the_database_is_back(site: Site) -> None:
    said: list[str] = []
    owner = await asyncpg.connect(site.settings.database_url)
    async with started(site.settings, "rebuild", VIEW, "--detach") as process:
        await process.communicate()
    # It waits for this table in the middle of its work, until the server is gone.
    held = owner.transaction()
    await held.start()
    await owner.execute("lock table tasks_g1.tasks in access exclusive mode")
    async with started(site.settings, "replay", "--dry-run", "--view", VIEW) as process:

        async def waits() -> bool:
            return bool(
                await owner.fetchval(
                    "select true from pg_locks where not granted and relation = $1::regclass", TABLE
                )
            )

        await until(waits)
        site.kill()
        await line_with(process.stderr, AWAY, said)
        owner.terminate()
        await site.back()
        output, errors = await process.communicate()
    # A slow machine is told how far it is besides.
    lines = [line for line in errors.decode().splitlines(keepends=True) if "done, after" not in line]
    assert (process.returncode, lines) == (0, [BACK])
    assert output.decode() == "1 view is not touched by these events.\n"


def asked_for(owner: "asyncpg.Connection[asyncpg.Record]") -> Callable[[], Awaitable[bool]]:
    """Whether a tenant was asked for."""

    async def so() -> bool:
        return bool(
            await owner.fetchval("select true from es.events where type like '%tenant%requested' limit 1")
        )

    return so


async def test_it_is_given_up_after_a_time_with_what_to_do_then(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "AT_MOST", 0)
    command = CommandLine(site.settings)
    answer = (await asyncio.to_thread(command, "rebuild", VIEW, "--detach", "--json")).json
    watching = asyncio.create_task(asyncio.to_thread(command, "rebuilds", answer["id"], "--watch"))
    owner = await asyncpg.connect(site.settings.database_url)
    looks: set[datetime] = set()

    async def watched() -> bool:
        rows = await owner.fetch(
            "select query_start from pg_stat_activity where query like '%from ops.rebuilds r%' and pid <> $1",
            owner.get_server_pid(),
        )
        looks.update(row["query_start"] for row in rows)
        return len(looks) > 3

    await until(watched)
    await owner.close()
    site.kill()
    ended = await watching
    away, gave_up, then = ended.err.splitlines()[-3:]
    assert away.startswith(f"headwater: {AWAY}")
    assert away.endswith("; waiting for it.")
    assert gave_up.startswith(f"headwater: {AWAY}")
    assert gave_up.endswith(" s now; it is not waited for.")
    assert then == f"Watch it again: headwater rebuilds {answer['id']} --watch"
    assert ended.code == UNREACHABLE


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

        def logged() -> list[logging.LogRecord]:
            return [record for record in caplog.records if record.name == "asyncpg.pool"]

        await until(lambda: bool(logged()))
        (error,) = {json.loads(JsonLines().format(record))["error"] for record in logged()}
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
        sys.executable,
        "-m",
        "app.entry.rebuilder_process",
        env={**os.environ, **settings.environ()},
        stderr=PIPE,
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
        async with asyncio.timeout(120):
            assert await process.wait() == 0
