"""A worker that is killed or stopped in the middle of something.

``python -m tests.processes.child URL`` reads lines from stdin. ``kill 3`` runs a worker that kills itself at the
third thing it gives notice of, ``stop 3`` one that stops there until it is woken; ``kill 0`` runs to the end. Each
is a fork, so that a run costs no start of Python. Printed are ``pid N``, maybe ``stopped``, and ``exit N`` with
a signal's number negative.
"""

import asyncio
import os
import signal
import sys

from app.log.postgres import PostgresLog
from app.processes.runner import Runner
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from projections.kit.follow.pages import Pages
from tests.kit.servers import SECRET
from tests.processes.outside import StoredOutside
from tests.processes.toys import OpenShop, Thanks

_QUIET = """
select not exists (select from processes.lanes where position < (select coalesce(max(position), 0) from es.events))
   and not exists (select from processes.ledger where finished_at is null)
"""


async def work(url: str, signal_: signal.Signals, number: int) -> None:
    """Run the processes until there is nothing left to do."""
    seen = 0

    def notice(point: str, what: str) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal_)

    database = await Database.open(url, secret=SECRET, writers=4, readers=1)
    connection = await database.connect()
    log = PostgresLog(database)
    pages = Pages(log, PlainCodec(), poll=0.05)
    outside = StoredOutside(connection)
    runner = Runner(
        [OpenShop(outside), Thanks(outside)],
        database=database,
        log=log,
        pages=pages,
        bus=Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds()),
        notice=notice,
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
    for line in sys.stdin:
        verb, number = line.split()
        pid = os.fork()
        if not pid:
            asyncio.run(work(sys.argv[1], signal.SIGSTOP if verb == "stop" else signal.SIGKILL, int(number)))
            os._exit(0)
        print(f"pid {pid}", flush=True)
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print("stopped", flush=True)
            _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
