"""A worker that pulls and is killed in the middle of it.

``python -m tests.connectors.child`` reads numbers from stdin, and its settings from the environment. For each, a
worker runs until there is nothing left to do, and kills itself at the so-manieth thing that it has done and not
yet noted (0: never). Each is a fork. Printed is ``exit N`` for each, with a signal's number negative.
"""

import asyncio
import os
import sys

from app.composition.write_side import writing
from app.contexts import VIEWS
from app.entry.processes import Parts, processes
from app.settings import Settings, read_settings
from app.storage.database import Database
from domain.gateway.connectors.pulls import ConnectorPulls
from projections.kit.read.live_generations import pointers
from tests.kit.process_worker import drain, kills


async def work(settings: Settings, number: int) -> None:
    """Pull until there is nothing left to be pulled."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=2)
    async with writing(settings, database) as writes, pointers(database.writer, VIEWS) as live:
        parts = Parts(
            settings=settings,
            database=database,
            log=writes.log,
            bus=writes.bus,
            codec=writes.codec,
            opening=writes.ring,
            live=live,
        )
        own = [process for process in processes(parts) if isinstance(process, ConnectorPulls)]
        await drain(
            own,
            database=database,
            log=writes.log,
            codec=writes.codec,
            bus=writes.bus,
            notice=kills(number, counts=lambda point, what: point == "performed"),
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
