"""A worker of processes that is killed in the middle of something, for the children that tests start."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from app.entry.garbage_collector import tune_collector
from app.log.postgres import PostgresLog
from app.processes.effect_attempts import Notice
from app.processes.runner import Runner
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.codec import Codec
from domain.kit.process.process import Process
from projections.kit.follow.pages import Pages

_QUIET = """
select not exists (select from processes.lanes where position < (select coalesce(max(position), 0) from es.events))
   and not exists (select from processes.ledger where finished_at is null)
   and not exists (select from processes.timers where due_at <= clock_timestamp())
"""


def kills(
    number: int,
    *,
    by: signal.Signals = signal.SIGKILL,
    counts: Callable[[str, str], bool] = lambda point, what: True,
) -> Notice:
    """Send this process the signal at the notice of this number, 0 for none; ``counts`` says which count."""
    seen = 0

    def notice(point: str, what: str) -> None:
        nonlocal seen
        counted = counts(point, what)
        seen += counted
        if counted and seen == number:
            os.kill(os.getpid(), by)

    return notice


async def until_done(database: Database, running: asyncio.Task[Any]) -> None:
    """Wait until the processes have nothing left to do, or ``running`` has ended."""
    while not running.done() and not await database.writer.fetchval(_QUIET):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def drain(
    processes: Sequence[Process[Any]],
    *,
    database: Database,
    log: PostgresLog,
    codec: Codec,
    bus: Bus,
    notice: Notice,
) -> None:
    """Run the processes until there is nothing left to do."""
    pages = Pages(log, codec, poll=0.05)
    runner = Runner(
        processes, database=database, log=log, pages=pages, bus=bus, notice=notice, beat=0.05, poll=0.02
    )
    reading = asyncio.create_task(pages.run())
    running = asyncio.create_task(runner.run())
    await until_done(database, running)
    runner.stop()
    await running
    reading.cancel()


def forked(work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Do the work of each line of stdin in a fork, so that a run costs no start of Python.

    Printed is ``exit N`` for each, with a signal's number negative, and before it ``stopped PID`` where it stops.
    """
    tune_collector()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(work(line.strip()))
            os._exit(0)
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print(f"stopped {pid}", flush=True)
            _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


_START = """
import runpy, sys
from app.entry.garbage_collector import collect_seldom
collect_seldom()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Loads a child's module as commands are loaded, without looking for cycles meanwhile."""


class Child:
    """Runs workers in processes of their own, one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, killed_at: int | str = 0) -> str:
        """How a worker ends that is killed there: ``exit -9``; what a place is, the child's module says."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{killed_at}\n".encode())
        return await self.line()

    async def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def child_of(
    module: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """A child that runs this module; it fails where the child does not end well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _START, module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environ or {})},
    )
    try:
        yield Child(process)
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def product_child(settings: Settings, *processes: type[Process[Any]]) -> AbstractAsyncContextManager[Child]:
    """A child of `tests.kit.product_child`, which is killed at the so-manieth notice that it gives."""
    names = [process.name for process in processes]
    return child_of("tests.kit.product_child", *names, environ=settings.environ())
