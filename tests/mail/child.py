"""A worker of the product's processes that is killed in the middle of something.

``python -m tests.mail.child DATABASE_URL SMTP_URL DATA_FOLDER`` reads numbers from stdin. For each, a worker runs
until there is nothing left to do, and kills itself at the so-manieth thing it gives notice of (0: never). Each is
a fork, so that a run costs no start of Python. Printed is ``exit N`` for each, with a signal's number negative.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from app.entry.processes import Parts, processes
from app.keys import SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.processes.runner import Runner
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from projections.kit.follow.pages import Pages
from tests.kit.servers import SECRET

_QUIET = """
select not exists (select from processes.lanes where position < (select coalesce(max(position), 0) from es.events))
   and not exists (select from processes.ledger where finished_at is null)
"""


async def work(url: str, smtp_url: str, folder: str, number: int) -> None:
    """Run the processes until there is nothing left to do."""
    seen = 0

    def notice(point: str, what: str) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(data_dir=Path(folder), database_url=url, secret=SECRET, smtp_url=smtp_url)
    database = await Database.open(url, secret=SECRET, writers=4, readers=1)
    async with opened_ring(settings, database) as ring:
        log, codec = PostgresLog(database), SealingCodec(ring)
        bus = Bus(log, codec, SystemClock(), TimeOrderedIds())
        parts = Parts(settings=settings, database=database, log=log, bus=bus, codec=codec, opening=ring)
        pages = Pages(log, codec, poll=0.05)
        runner = Runner(
            processes(parts),
            database=database,
            log=log,
            pages=pages,
            bus=bus,
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
