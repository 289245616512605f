"""Logs of servers are kept short while they run, and what was said last can still be read."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.embedded import EmbeddedError, process
from app.embedded.folder import held
from app.embedded.process import ChildProcess
from app.entry.supervisor import keep_running
from tests.kit.processes import until

_LIMIT = 10_000
_TALKS = """
import itertools, os, sys
for number in itertools.count():
    print(f"line {number}", "x" * 80, flush=True)
    while os.path.getsize(sys.argv[1]) > int(sys.argv[2]):
        pass
"""
"""Says a line after the other, but none while the log is too long."""


class Talker:
    """A server that says more than fits, and waits until there is room again."""

    name = "Talker"

    def __init__(self, log: Path) -> None:
        self._log = log
        self.process: ChildProcess | None = None

    def start(self) -> None:
        """Start it."""
        talks = [sys.executable, "-u", "-c", _TALKS, str(self._log), str(_LIMIT)]
        self.process = ChildProcess(self.name, talks, log=self._log)

    async def ready(self) -> None:
        """It is at once."""

    async def stop(self) -> None:
        """Stop it."""
        assert self.process is not None
        await self.process.stop()


@pytest.mark.servers
async def test_a_log_is_set_aside_while_its_server_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LOG_LIMIT", _LIMIT)
    monkeypatch.setattr("app.entry.supervisor._LOOK", 0.01)
    log, former = tmp_path / "talker.log", tmp_path / "talker.old.log"
    talker = Talker(log)
    talker.start()
    watching = asyncio.create_task(keep_running([talker], say=lambda line: None))
    seen: set[str] = set()
    try:

        async def twice() -> bool:
            if former.exists() and (text := former.read_text()):
                seen.add(text.splitlines()[0])
            return len(seen) >= 3

        await until(twice)
        assert talker.process is not None
        assert talker.process.exit_code() is None
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await talker.stop()
    # Both are bounded: by the limit and what is said between two looks.
    assert log.stat().st_size + former.stat().st_size < 4 * _LIMIT
    assert talker.process.output().count("line ") > 0 or log.stat().st_size == 0


async def test_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError):
        async with held(tmp_path / "data"):
            raise EmbeddedError("Postgres is not installed here.")
    assert not (tmp_path / "data").exists()


async def test_a_start_that_fails_keeps_what_a_server_said_and_what_was_there(tmp_path: Path) -> None:
    async def fails() -> None:
        async with held(tmp_path / "data") as folder:
            folder.log("postgres").parent.mkdir()
            folder.log("postgres").write_text("out of memory")
            raise EmbeddedError("Postgres stopped.")

    with pytest.raises(EmbeddedError):
        await fails()
    assert (tmp_path / "data/logs/postgres.log").read_text() == "out of memory"
    (tmp_path / "other").mkdir()
    with pytest.raises(EmbeddedError):
        async with held(tmp_path / "other"):
            raise EmbeddedError("Postgres is not installed here.")
    assert (tmp_path / "other").exists()
