"""Who needs Postgres waits for it, and is not blamed for its absence."""

import asyncio
import logging
import signal
from pathlib import Path

import asyncpg
import pytest

from app.embedded.postgres import Postgres
from app.embedded.process import ChildProcess, EmbeddedError
from app.entry.supervisor import keep_running
from app.storage.database import WRITER, until_there
from tests.kit.processes import until

pytestmark = pytest.mark.servers

SECRET = "s" * 40


async def test_a_process_waits_for_postgres_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Postgres(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    await server.ready()
    connection = await asyncpg.connect(server.url)
    await connection.execute(f"create role {WRITER} login")
    await connection.close()
    await server.stop()
    caplog.set_level(logging.WARNING)
    waiting = asyncio.create_task(until_there(server.url, SECRET))
    await until(lambda: any("waiting for it" in message for message in caplog.messages))
    assert not waiting.done()
    server.start()
    try:
        await server.ready()
        async with asyncio.timeout(120):
            await waiting
    finally:
        await server.stop()


class _Waits:
    """A server that lives and never gets ready, for what it needs is away."""

    name = "Sleeper"

    def __init__(self, log: Path) -> None:
        self._log = log
        self.process: ChildProcess | None = None

    def start(self) -> None:
        self.process = ChildProcess(
            self.name, ["/bin/sleep", "1000"], log=self._log, stop_signal=signal.SIGTERM
        )

    async def ready(self) -> None:
        raise EmbeddedError("Sleeper did not answer.")

    async def stop(self) -> None:
        assert self.process is not None
        await self.process.stop()


async def test_the_pause_does_not_grow_for_who_waits_for_another(tmp_path: Path) -> None:
    server = _Waits(tmp_path / "log")
    said: list[str] = []
    server.start()
    assert server.process is not None
    server.process.kill()
    keeping = asyncio.create_task(keep_running([server], say=said.append))
    await until(lambda: sum("starts again" in line for line in said) == 4)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await server.stop()
    assert [line.partition(" (see")[0].rpartition(" in ")[2] for line in said if "again" in line] == [
        "0.5 s"
    ] * 4
