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
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from tests.kit.process_worker import drain, kills
from tests.kit.servers import SECRET
from tests.processes.outside import StoredOutside
from tests.processes.toys import OpenShop, Thanks


async def work(url: str, signal_: signal.Signals, number: int) -> None:
    """Run the processes until there is nothing left to do."""
    database = await Database.open(url, secret=SECRET, writers=4, readers=1)
    connection = await database.connect()
    log = PostgresLog(database)
    outside = StoredOutside(connection)
    codec = PlainCodec()
    await drain(
        [OpenShop(outside), Thanks(outside)],
        database=database,
        log=log,
        codec=codec,
        bus=Bus(log, codec, SystemClock(), TimeOrderedIds()),
        notice=kills(number, by=signal_),
    )


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
