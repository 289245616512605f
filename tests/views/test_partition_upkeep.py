"""A worker keeps the partitions of views: one at a time, hour by hour."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.storage.database import Database
from app.views.partitions import arrange_partitions, keep_partitions
from tests.kit.product import Product
from tests.views.fillings import named, parts


async def test_of_two_workers_one_arranges(product: Product) -> None:
    url, secret = product.settings.database_url, product.settings.secret
    database = await Database.open(url, secret=secret)
    other = await database.owner()
    try:
        await other.execute("drop table gateway_g1.events_" + named(3)[0])
        await other.execute("select pg_advisory_lock(7311902764010)")
        await arrange_partitions(database)
        assert named(3)[0] not in await parts(other, "gateway_g1.events")
        await other.execute("select pg_advisory_unlock(7311902764010)")
        await asyncio.gather(*(arrange_partitions(database) for _ in range(3)))
        assert named(3)[0] in await parts(other, "gateway_g1.events")
    finally:
        await other.close()
        await database.close()


async def test_an_hour_that_fails_is_followed_by_the_next(
    product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    hours = 0
    over = asyncio.Event()

    class Failing:
        """A clock that has stopped at first."""

        def now(self) -> datetime:
            nonlocal hours
            hours += 1
            if hours == 3:
                over.set()
            if hours == 1:
                raise OSError("no time")
            return datetime.now(UTC)

    database = await Database.open(product.settings.database_url, secret=product.settings.secret)
    task = asyncio.create_task(keep_partitions(database, Failing(), pause=0.001))
    await asyncio.wait_for(over.wait(), 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()
    assert [record.message for record in caplog.records] == ["The partitions of views could not be arranged."]
