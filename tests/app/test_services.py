"""The servers together: found by other commands, stopped with their parent, the stand-in for search."""

import asyncio
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.embedded import attached, distribution, running
from app.embedded.folder import in_use
from app.embedded.process import ChildProcess
from app.embedded.services import embedded_services
from app.entry.supervisor import keep_running
from app.settings import Settings, read_settings
from tests.kit.processes import alive, until

pytestmark = pytest.mark.servers

_HOLD = """
import asyncio
from app.embedded.services import embedded_services
from app.settings import read_settings
async def hold():
    async with embedded_services(read_settings()) as services:
        while services.search.server is None or services.search.server.process is None:
            await asyncio.sleep(0.02)
        print("up", flush=True)
        await asyncio.Event().wait()
asyncio.run(hold())
"""


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings on a machine that has no Maven and never fetched OpenSearch."""
    monkeypatch.setenv("PATH", "/nowhere")
    return Settings(data_dir=tmp_path / "data", cache=tmp_path / "cache")


async def test_a_machine_without_maven_gets_the_stand_in_and_hears_so(lonely: Settings) -> None:
    said: list[str] = []
    async with embedded_services(lonely, say=said.append) as services:
        assert services.search is not None
        await services.search.ready()
        assert services.search_kind == "osmem"
    assert said[0].startswith("Search: osmem, an in-memory stand-in for OpenSearch, because Maven (mvn)")


@pytest.mark.parametrize(
    ("maven", "reason"),
    [
        (
            'echo "[ERROR] no route to anywhere for $3"; exit 1',
            # The plugin, in one version.
            r"Maven could not fetch .*: no route to anywhere for \S+:maven-dependency-plugin:\d+\.\d+\.\d+:copy",
        ),
        (
            "mkdir -p ${5#*=}; echo x > ${5#*=}/opensearch-3.8.0.zip",
            "is not the file we know: its SHA-256 is",
        ),
    ],
)
async def test_a_failing_download_leads_to_the_stand_in(
    lonely: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maven: str, reason: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mvn").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{maven}\n")
    (tmp_path / "bin" / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    said: list[str] = []
    async with embedded_services(lonely, say=said.append) as services:
        assert services.search is not None
        await services.search.ready()
        assert services.search_kind == "osmem"
    assert re.search(reason, said[-2])
    assert distribution.cached(lonely.cache) is None


async def test_other_commands_find_the_servers_while_they_run(lonely: Settings) -> None:
    async with embedded_services(lonely) as services:
        found = running(lonely)
        assert found is not None
        assert found.database_url == services.database_url
        async with attached(lonely) as settings:
            assert settings.redis_url == services.redis_url
    assert running(lonely) is None


async def test_servers_of_the_users_own_are_used_and_none_is_started(lonely: Settings) -> None:
    own = Settings(
        data_dir=lonely.data_dir,
        database_url="postgresql://somewhere/db",
        redis_url="redis://somewhere",
        opensearch_url="http://somewhere:9200",
    )
    async with embedded_services(own) as services:
        assert services.servers == ()
        assert services.search_kind == "own"
        assert services.settings(own).opensearch_url == "http://somewhere:9200"
    assert not (lonely.data_dir / "postgres").exists()


@pytest.fixture(params=["osmem", "opensearch"])
def either(request: pytest.FixtureRequest, lonely: Settings) -> Settings:
    """Settings that lead to the stand-in, and to the real OpenSearch."""
    if request.param == "osmem":
        return lonely
    request.getfixturevalue("opensearch_url")
    return replace(lonely, cache=read_settings({}).cache)


async def test_the_kill_of_the_parent_leaves_no_server(either: Settings) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD, env={**os.environ, **either.environ()}, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"up\n"
    children = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
    assert len(alive(children)) >= 3
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    # The next start waits for servers that are still stopping.
    async with embedded_services(either) as services:
        assert alive(children) == []
        connection = await asyncpg.connect(services.database_url)
        await connection.close()


async def test_a_server_that_dies_is_started_again(lonely: Settings) -> None:
    said: list[str] = []
    async with embedded_services(lonely) as services:
        keeper = asyncio.create_task(keep_running(services.servers, say=said.append))
        for server in services.servers:
            assert server.process is not None
            server.process.kill()
        await until(lambda: {"Valkey runs again.", "Postgres runs again."} <= set(said))
        connection = await asyncpg.connect(services.database_url)
        await connection.close()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    assert not in_use(lonely.data_dir)


@pytest.mark.parametrize("ours", [False, True])
async def test_a_server_inherits_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """What it does not know it cannot give away, to whoever gets it to talk. Our own programs need them."""
    for name in ("HEADWATER_SECRET", "AWS_SECRET_ACCESS_KEY", "JAVA_TOOL_OPTIONS"):
        monkeypatch.setenv(name, "x")
    process = ChildProcess("Told", ["/usr/bin/env"], log=tmp_path / "log", secrets=ours)
    await process.ended()
    names = {line.partition("=")[0] for line in process.output().splitlines()}
    assert "PATH" in names
    assert (names >= {"HEADWATER_SECRET", "AWS_SECRET_ACCESS_KEY", "JAVA_TOOL_OPTIONS"}) is ours
    assert ours or not {name for name in names if "SECRET" in name or name.startswith(("HEADWATER_", "JAVA"))}
