"""A worker of the product's processes that is killed in the middle of something.

``python -m tests.mail.child DATABASE_URL SMTP_URL DATA_FOLDER`` reads numbers from stdin. For each, a worker runs
until there is nothing left to do, and kills itself at the so-manieth thing it gives notice of (0: never). Each is
a fork, so that a run costs no start of Python. Printed is ``exit N`` for each, with a signal's number negative.
"""

import asyncio
import os
import sys
from pathlib import Path

from app.entry.processes import Parts, processes
from app.keys import SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from tests.kit.process_worker import drain, kills
from tests.kit.servers import SECRET


async def work(url: str, smtp_url: str, folder: str, number: int) -> None:
    """Run the processes until there is nothing left to do."""
    settings = Settings(data_dir=Path(folder), database_url=url, secret=SECRET, smtp_url=smtp_url)
    database = await Database.open(url, secret=SECRET, writers=4, readers=1)
    async with opened_ring(settings, database) as ring:
        log, codec = PostgresLog(database), SealingCodec(ring)
        bus = Bus(log, codec, SystemClock(), TimeOrderedIds())
        parts = Parts(settings=settings, database=database, log=log, bus=bus, codec=codec, opening=ring)
        await drain(processes(parts), database=database, log=log, codec=codec, bus=bus, notice=kills(number))


def main() -> None:
    """Run one worker after the other."""
    url, smtp_url, folder = sys.argv[1:]
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(work(url, smtp_url, folder, int(line)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
