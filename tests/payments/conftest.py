"""The product with what records payments at work, on a clock that tests set forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.composition.write_side import WriteSide
from app.log.postgres import PostgresLog
from domain.processes.payments.order_payments import OrderPayments
from projections.kit.read.postgres_reader import PostgresRows
from tests.kit.at_work import AtWork, LateClock, at_work
from tests.kit.client import Client
from tests.kit.product import Product


@dataclass
class Recorder:
    """What records payments."""

    work: AtWork
    log: PostgresLog
    clock: LateClock
    writes: WriteSide
    rows: PostgresRows

    async def idle(self, client: Client) -> None:
        """Wait until all that was told is recorded, but for what waits for a later moment."""
        await self.work.idle(OrderPayments, client.tenant)


@pytest.fixture(scope="module")
async def recorder(product: Product) -> AsyncIterator[Recorder]:
    async with at_work(product.settings, OrderPayments) as work:
        rows = PostgresRows(work.database, work.live)
        yield Recorder(work, work.writes.log, work.clock, work.writes, rows)


@pytest.fixture(autouse=True)
def on_time(request: pytest.FixtureRequest) -> None:
    """Each test begins at this moment."""
    if "recorder" in request.fixturenames:
        request.getfixturevalue("recorder").clock.ahead = timedelta()
