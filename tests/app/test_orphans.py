"""What is left when a process is killed: nothing, not even children that hang and never hear of a signal."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from app.contexts import VIEWS
from app.embedded import EmbeddedError, folder, running
from app.embedded.folder import held, in_use
from app.embedded.opensearch import free_port
from app.embedded.process import leashed
from app.embedded.services import embedded_services
from app.entry.run import bring_up_to_date
from app.settings import Settings
from app.views.operations import operating
from tests.app.test_run import read_until, start
from tests.kit.processes import alive, until

pytestmark = pytest.mark.servers

REBUILDER = "app.entry.rebuilder_process"
_HANGS = """
import asyncio
from app.entry import rebuilder

async def hang(*_, **__):
    print("It hangs.", flush=True)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

rebuilder.FromLog.__call__ = hang
rebuilder.main()
"""
"""A rebuilder with a build that takes its cancellation for its own."""


def _child(of: int, word: str) -> psutil.Process | None:
    children = psutil.Process(of).children(recursive=True)
    return next((child for child in children if child.is_running() and word in child.cmdline()), None)


async def _asked(settings: Settings) -> None:
    """Have every view rebuilt, so slowly that it goes on to the end of the test."""
    async with operating(settings) as (_, operations):
        await operations.rebuilds.ask([view.name for view in VIEWS if not view.inline], by="test", rate=1)


async def test_children_that_hang_end_with_a_run_that_is_killed_and_leave_the_folder_free(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path / "data", cache=tmp_path / "cache", port=free_port(), demo_tasks=60)
    run = await start(settings)
    await read_until(run, "Ctrl-C stops everything.")
    served = running(settings)
    assert served is not None
    await _asked(served)
    await until(lambda: _child(run.pid, REBUILDER) is not None)
    hung = [child for word in ("api", "worker", REBUILDER) if (child := _child(run.pid, word))]
    assert len(hung) == 3
    assert str(settings.data_dir / "lock") not in [file.path for file in hung[-1].open_files()]
    for child in hung:
        child.suspend()
    children = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
    run.kill()
    await run.communicate()
    try:
        await until(lambda: not alive(children))
    finally:
        for pid in alive(children):
            os.kill(pid, signal.SIGKILL)
    assert not in_use(settings.data_dir)


@asynccontextmanager
async def _hanging(settings: Settings) -> AsyncIterator[Process]:
    environment = {**os.environ, **settings.environ()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HANGS, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"It hangs.\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_rebuilder_ends_when_asked_to_though_what_it_does_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with embedded_services(Settings(data_dir=tmp_path / "data", cache=tmp_path / "cache")) as services:
        settings = services.settings(Settings())
        await bring_up_to_date(settings)
        await _asked(settings)
        async with _hanging(settings) as process:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(120):
                _, errors = await process.communicate()
        assert process.returncode == 1
        assert b"The rebuilder exits at once" in errors


async def test_a_child_keeps_no_file_that_it_was_not_given(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; print(os.path.exists('/proc/self/fd/30'))"]
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    try:
        os.dup2(lock, 30)
        for keep, seen in ((), "False"), ((30,), "True"):
            child = await asyncio.create_subprocess_exec(
                *leashed(command, orphan_signal=signal.SIGKILL, identity="own", keep=keep),
                stdout=PIPE,
                close_fds=False,
            )
            output, _ = await child.communicate()
            assert output.decode().strip() == seen
    finally:
        os.close(lock)
        os.close(30)


async def test_who_still_holds_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of a run that is gone, which no leash has ended."""
    monkeypatch.setattr(folder, "_PATIENCE", 0.0)
    async with held(tmp_path / "data"):
        pass
    script = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'r+'); fcntl.flock(lock, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(1000)"
    )
    (tmp_path / "data" / "lock").write_text("")
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path / "data" / "lock"), stdout=PIPE
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        with pytest.raises(EmbeddedError, match=rf"does not stop \(process {holder.pid}\)\.$"):
            async with held(tmp_path / "data"):
                pass
    finally:
        holder.kill()
        await holder.wait()
