"""A worker of toys that is killed or stopped in the middle of something.

``python -m tests.processes.child URL [rent]`` reads lines from stdin. ``3`` runs a worker of `OpenShop` and
`Thanks`, or of `Rent`, that kills itself at the third thing it gives notice of, ``stop 3`` one that stops there
until it is woken; ``0`` runs to the end.
"""

import signal
import sys
from typing import Any

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.process.process import Process
from tests.kit.process_worker import drain, forked, kills
from tests.kit.servers import SECRET
from tests.processes.outside import StoredOutside
from tests.processes.toys import OpenShop, Rent, Thanks

URL, *RENT = sys.argv[1:]


async def work(line: str) -> None:
    """Run the processes until there is nothing left to do."""
    *stop, number = line.split()
    database = await Database.open(URL, secret=SECRET, writers=4, readers=1)
    log, codec, outside = PostgresLog(database), PlainCodec(), StoredOutside(await database.connect())
    toys: list[Process[Any]] = [Rent(outside)] if RENT else [OpenShop(outside), Thanks(outside)]
    await drain(
        toys,
        database=database,
        log=log,
        codec=codec,
        bus=Bus(log, codec, SystemClock(), TimeOrderedIds()),
        notice=kills(int(number), by=signal.SIGSTOP if stop else signal.SIGKILL),
    )


if __name__ == "__main__":
    forked(work)
