"""A worker of `Rent` that is killed in the middle of something.

``python -m tests.processes.recurring_child URL`` reads numbers from stdin. For each a worker, a fork, runs until
there is nothing left to do, and kills itself at the so-manieth notice it gives (0: never). Printed is ``exit N``.
"""

import asyncio
import os
import sys

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from tests.kit.process_worker import drain, kills
from tests.kit.servers import SECRET
from tests.processes.outside import StoredOutside
from tests.processes.toys import Rent


async def work(url: str, number: int) -> None:
    """Run the process until there is nothing left to do."""
    database = await Database.open(url, secret=SECRET, writers=4, readers=1)
    log, codec = PostgresLog(database), PlainCodec()
    await drain(
        [Rent(StoredOutside(await database.connect()))],
        database=database,
        log=log,
        codec=codec,
        bus=Bus(log, codec, SystemClock(), TimeOrderedIds()),
        notice=kills(number),
    )


def main() -> None:
    """Run one worker after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(work(sys.argv[1], int(line)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
