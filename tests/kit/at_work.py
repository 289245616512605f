"""Processes of the product at work in the test's own process, on a clock that tests set forward."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.composition.write_side import WriteSide, writing
from app.contexts import VIEWS
from app.entry.processes import Parts, enrolled, processes
from app.processes.runner import Runner
from app.settings import Settings
from app.storage.database import Database
from domain.kit.clock import Clock
from domain.kit.process.process import Process
from projections.kit.background import running
from projections.kit.follow.pages import Pages
from projections.kit.read.live_generations import LiveGenerations, pointers
from tests.kit.processes import until

# What is found was due before the moment at which it is found.
_IDLE = """
    select not exists (select from processes.lanes where process = $1 and position < $2)
       and not exists (select from processes.timers where process = $1 and tenant_id = $3 and due_at <= now)
       and not exists (select from processes.ledger e
                        where e.process = $1 and e.tenant_id = $3 and e.finished_at is null
                          and (e.status <> 'pending' or e.next_at <= now or $5)
                          and not exists (select from processes.ledger f
                                           where f.process = $1 and f.tenant_id = $3 and f.instance = e.instance
                                             and f.finished_at is null and f.id < e.id))
      from (select clock_timestamp() + $4::interval as now) clock"""


@dataclass
class LateClock(Clock):
    """The machine's clock, set forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class AtWork:
    """What works."""

    database: Database
    writes: WriteSide
    clock: LateClock
    live: LiveGenerations
    processes: Sequence[Process[Any]]

    async def idle(self, process: type[Process[Any]], tenant: UUID, *, later: bool = False) -> None:
        """Wait until nothing of a tenant is left to be done by now; ``later``: nor any try at a later moment."""

        async def done() -> bool:
            given = (process.name, await self.writes.log.head(), tenant, self.clock.ahead, later)
            return bool(await self.database.writer.fetchval(_IDLE, *given))

        await until(done)


@asynccontextmanager
async def at_work(
    settings: Settings, *kinds: type[Process[Any]], clock: LateClock | None = None, poll: float = 0.05
) -> AsyncIterator[AtWork]:
    """The processes of these kinds, until the block ends."""
    clock = clock or LateClock()
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=6, readers=4)
        stack.push_async_callback(database.close)
        writes = await stack.enter_async_context(writing(settings, database))
        live = await stack.enter_async_context(pointers(database.writer, VIEWS))
        parts = Parts(
            settings=settings,
            database=database,
            log=writes.log,
            bus=writes.bus,
            opening=writes.ring,
            codec=writes.codec,
            clock=clock,
            live=live,
        )
        own = [process for process in processes(parts) if isinstance(process, kinds)]
        pages = Pages(writes.log, writes.codec, poll=0.05)
        await stack.enter_async_context(running(pages.run, name="pages"))
        runner = Runner(
            await enrolled(database, own),
            database=database,
            log=writes.log,
            pages=pages,
            bus=writes.bus,
            clock=clock,
            beat=poll,
            poll=poll,
        )
        await stack.enter_async_context(running(runner.run, name="processes"))
        yield AtWork(database, writes, clock, live, own)
