"""A worker of the product's processes that is killed in the middle of something.

``python -m tests.kit.product_child NAME...`` takes its settings from the environment and numbers from stdin. For
each number a worker of the processes of these names runs until there is nothing left to do, and kills itself at
the so-manieth thing it gives notice of (0: never); of those that are named behind the number, if one is.
"""

import sys

from app.composition.write_side import writing
from app.contexts import VIEWS
from app.entry.processes import Parts, processes
from app.settings import read_settings
from app.storage.database import Database
from projections.kit.read.live_generations import pointers
from tests.kit.process_worker import drain, forked, kills

NAMES = frozenset(sys.argv[1:])


async def work(killed_at: str) -> None:
    """Run the processes until there is nothing left to do."""
    number, _, named = killed_at.partition(" ")
    settings = read_settings()
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
        await drain(
            [process for process in processes(parts) if process.name in NAMES],
            database=database,
            log=writes.log,
            codec=writes.codec,
            bus=writes.bus,
            notice=kills(int(number), counts=lambda point, what: named in ("", point)),
        )


if __name__ == "__main__":
    forked(work)
