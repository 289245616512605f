"""A worker that records payments and is killed in the middle of it: see `tests.webhooks.child`."""

import asyncio
import os
import sys

from app.composition.write_side import writing
from app.entry.processes import Parts, processes
from app.settings import Settings, read_settings
from app.storage.database import Database
from domain.processes.order_payments import OrderPayments
from tests.kit.process_worker import drain, kills


async def work(settings: Settings, number: int) -> None:
    """Record until there is nothing left to be recorded."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=2)
    async with writing(settings, database) as writes:
        parts = Parts(
            settings=settings,
            database=database,
            log=writes.log,
            bus=writes.bus,
            codec=writes.codec,
            opening=writes.ring,
        )
        own = [process for process in processes(parts) if isinstance(process, OrderPayments)]
        await drain(
            own,
            database=database,
            log=writes.log,
            codec=writes.codec,
            bus=writes.bus,
            notice=kills(number),
        )


def main() -> None:
    """Run one worker after the other."""
    settings = read_settings()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(work(settings, int(line)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
