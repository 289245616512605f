"""A worker that places tenants and is killed in the middle of it.

``python -m tests.placement.child`` reads the settings from its environment and lines from stdin: at ``place 3`` a
worker that only places tenants kills itself at the third thing it gives notice of, at ``place 0`` it runs to the
end; with ``fold`` in place of ``place`` it is a whole worker, and only steps of sagas count. Each is a fork, so
that a run costs no start of Python. Printed is ``exit N``, with a signal's number negative.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from app.composition.write_side import bus_of
from app.entry import worker
from app.log.postgres import PostgresLog
from app.placement.processes import placing_processes
from app.processes.effect_attempts import Notice
from app.processes.runner import Runner
from app.settings import Settings, read_settings
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.kit.process.process import Process
from projections.kit.follow.pages import Pages

_QUIET = """
select not exists (select from processes.lanes where position < (select coalesce(max(position), 0) from es.events))
   and not exists (select from processes.ledger where finished_at is null)
"""


def kills(number: int, *, only: str = "") -> Notice:
    """Kill this process at the thing of this number, from 1, or at none; ``only`` says which things count."""
    seen = 0

    def notice(point: str, what: str) -> None:
        nonlocal seen
        counts = only in what
        seen += counts
        if counts and seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return notice


async def fold(settings: Settings, number: int) -> None:
    """Run a whole worker, with every view and process, until there is nothing left to do on the platform."""

    async def noticed(processes: Sequence[Process[Any]], **parts: Any) -> None:
        runner = Runner(processes, notice=kills(number, only="do "), beat=0.05, poll=0.02, **parts)
        await runner.run()

    # The worker gives no notice of its own.
    worker.__dict__["run_processes"] = noticed
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.everywhere(settings, stopping))
    database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=1)
    while not running.done() and not await database.writer.fetchval(_QUIET):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await database.close()
    stopping.set()
    await running


async def work(settings: Settings, number: int) -> None:
    """Run the processes that place tenants until there is nothing left to do."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=2)
    log = PostgresLog(database)
    pages = Pages(log, PlainCodec(), poll=0.05)
    processes: list[Process[Any]] = placing_processes(settings, database)
    runner = Runner(
        processes,
        database=database,
        log=log,
        pages=pages,
        bus=bus_of(log, PlainCodec(), settings),
        notice=kills(number),
        beat=0.05,
        poll=0.02,
    )
    reading = asyncio.create_task(pages.run())
    running = asyncio.create_task(runner.run())
    while not running.done() and not await database.writer.fetchval(_QUIET):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    runner.stop()
    await running
    reading.cancel()


def main() -> None:
    """Run one worker after the other."""
    settings = read_settings()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            verb, number = line.split()
            asyncio.run({"place": work, "fold": fold}[verb](settings, int(number)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
