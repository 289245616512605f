"""A worker of all the product's processes, without its views: see `tests.kit.product_child`."""

from app.entry.processes import Parts, processes
from app.keys import SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import read_settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from tests.kit.process_worker import drain, forked, kills


async def work(killed_at: str) -> None:
    """Run the processes until there is nothing left to do."""
    settings = read_settings()
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=1)
    async with opened_ring(settings, database) as ring:
        log, codec = PostgresLog(database), SealingCodec(ring)
        bus = Bus(log, codec, SystemClock(), TimeOrderedIds())
        parts = Parts(settings=settings, database=database, log=log, bus=bus, codec=codec, opening=ring)
        notice = kills(int(killed_at))
        await drain(processes(parts), database=database, log=log, codec=codec, bus=bus, notice=notice)


if __name__ == "__main__":
    forked(work)
