"""The product with what records payments at work, on a clock that tests set forward."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from app.composition.write_side import WriteSide, writing
from app.contexts import VIEWS
from app.entry.processes import Parts, enrolled, processes
from app.log.postgres import PostgresLog
from app.processes.runner import Runner
from app.storage.database import Database
from domain.kit.clock import Clock
from domain.processes.order_payments import OrderPayments
from projections.kit.background import running
from projections.kit.follow.pages import Pages
from projections.kit.read.live_generations import pointers
from projections.kit.read.postgres_reader import PostgresRows
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product


@dataclass
class LateClock(Clock):
    """The machine's clock, set forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Recorder:
    """What records payments."""

    database: Database
    log: PostgresLog
    clock: LateClock
    writes: WriteSide
    rows: PostgresRows

    async def idle(self, client: Client) -> None:
        """Wait until all that was told is recorded, but for what waits for a later moment."""
        query = """
            select not exists (select from processes.lanes where process = $1 and position < $2)
               and not exists (select from processes.ledger where process = $1 and tenant_id = $3
                                  and finished_at is null and (status <> 'pending' or next_at <= $4))"""

        async def done() -> bool:
            head = await self.log.head()
            found = await self.database.writer.fetchval(
                query, OrderPayments.name, head, client.tenant, self.clock.now()
            )
            return bool(found)

        await until(done, seconds=30)


@pytest.fixture(scope="module")
async def recorder(product: Product) -> AsyncIterator[Recorder]:
    settings = product.settings
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=6, readers=4)
        stack.push_async_callback(database.close)
        writes = await stack.enter_async_context(writing(settings, database))
        clock = LateClock()
        parts = Parts(
            settings=settings,
            database=database,
            log=writes.log,
            bus=writes.bus,
            opening=writes.ring,
            codec=writes.codec,
            clock=clock,
        )
        own = [process for process in processes(parts) if isinstance(process, OrderPayments)]
        pages = Pages(writes.log, writes.codec, poll=0.05)
        await stack.enter_async_context(running(pages.run, name="pages"))
        runner = Runner(
            await enrolled(database, own),
            database=database,
            log=writes.log,
            pages=pages,
            bus=writes.bus,
            clock=clock,
            poll=0.05,
        )
        await stack.enter_async_context(running(runner.run, name="processes"))
        live = await stack.enter_async_context(pointers(database.writer, VIEWS))
        yield Recorder(database, writes.log, clock, writes, PostgresRows(database, live))


@pytest.fixture(autouse=True)
def on_time(request: pytest.FixtureRequest) -> None:
    """Each test begins at this moment."""
    if "recorder" in request.fixturenames:
        request.getfixturevalue("recorder").clock.ahead = timedelta()
