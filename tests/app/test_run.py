"""``headwater run`` as a person runs it: it starts, refuses, survives and stops."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from app.embedded.folder import in_use
from app.embedded.opensearch import free_port
from app.entry.programs import address
from app.settings import Settings
from tests.kit.processes import alive, until

pytestmark = pytest.mark.servers


async def start(settings: Settings) -> Process:
    """``headwater run`` on a machine without Maven, so that search is the stand-in and starts at once."""
    environment = {**os.environ, **settings.environ(), "PATH": "/nowhere"}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "run", env=environment, stdout=PIPE, stderr=STDOUT
    )


async def read_until(process: Process, text: str) -> str:
    """What ``process`` prints up to the line that contains ``text``, or all it ever prints."""
    assert process.stdout is not None
    lines = []
    while line := (await process.stdout.readline()).decode():
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


@pytest.fixture(scope="module")
async def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("run")
    return Settings(data_dir=folder / "data", cache=folder / "cache", port=free_port(), demo_tasks=60)


@pytest.fixture(scope="module")
async def running(settings: Settings) -> AsyncIterator[Process]:
    """A run that answers; the tests below are in order and the last one stops it."""
    process = await start(settings)
    printed = await read_until(process, "Ctrl-C stops everything.")
    assert "Headwater is running." in printed, printed
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


async def test_the_api_answers(running: Process, settings: Settings) -> None:
    async with httpx.AsyncClient(base_url=address(settings), timeout=120) as client:
        assert (await client.get("/health/live")).status_code == 200


async def test_a_second_run_on_the_same_folder_is_refused(running: Process, settings: Settings) -> None:
    second = await start(settings)
    output, _ = await second.communicate()
    assert second.returncode == 2
    assert output.decode() == (
        f"headwater: Headwater already runs on {settings.data_dir} (process {running.pid}).\n"
    )


async def test_the_port_is_held_while_everything_starts(tmp_path: Path) -> None:
    """Nobody else comes between, so it is never somebody else's answer that is taken for the API's."""
    settings = Settings(data_dir=tmp_path / "data", cache=tmp_path / "cache", port=free_port())
    process = await start(settings)
    await read_until(process, "Search: osmem")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", settings.port))
    process.send_signal(signal.SIGTERM)
    await process.communicate()


async def test_a_killed_api_comes_back(running: Process, settings: Settings) -> None:
    def api() -> psutil.Process | None:
        children = psutil.Process(running.pid).children()
        return next((child for child in children if child.is_running() and "api" in child.cmdline()), None)

    killed = api()
    assert killed is not None
    killed.kill()
    await read_until(running, "API runs again.")
    assert (found := api()) is not None
    assert found.pid != killed.pid


async def test_it_stops_under_load_and_leaves_nothing(running: Process, settings: Settings) -> None:
    children = [child.pid for child in psutil.Process(running.pid).children(recursive=True)]
    answers: list[int] = []

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=address(settings), timeout=120) as client:
            while True:
                try:
                    answers.append((await client.get("/health/live")).status_code)
                except httpx.TransportError:
                    return

    load = [asyncio.create_task(ask()) for _ in range(8)]
    await until(lambda: len(answers) > 50)
    running.send_signal(signal.SIGINT)
    output, _ = await running.communicate()
    await asyncio.gather(*load)
    assert running.returncode == 0
    assert output.decode().endswith("Stopping; a second signal stops at once.\nStopped.\n")
    assert set(answers) == {200}
    assert alive(children) == []
    assert not in_use(settings.data_dir)


async def test_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = await start(Settings(data_dir=tmp_path / "data", port=port))
        output, _ = await process.communicate()
    assert process.returncode == 2
    assert output.decode() == (
        f"headwater: Port {port} on 127.0.0.1 cannot be used (Address already in use); "
        "free it or set HEADWATER_PORT.\n"
    )


async def test_a_mistaken_setting_is_one_sentence() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        "run",
        env={**os.environ, "HEADWATER_PORT": "eighty"},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    assert output == b"headwater: HEADWATER_PORT must be a whole number from 0 to 65535, not 'eighty'.\n"
