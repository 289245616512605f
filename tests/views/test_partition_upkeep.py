"""A worker keeps the partitions of views: one at a time, hour by hour."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from app.contexts import VIEWS
from app.storage.database import Database
from app.views.partitions import arrange_partitions, keep_partitions
from projections.kit.declare.partitions import ByTime
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
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


async def test_a_table_in_use_holds_up_no_other(product: Product, caplog: pytest.LogCaptureFixture) -> None:
    database = await Database.open(product.settings.database_url, secret=product.settings.secret)
    reader, owner = await database.owner(), await database.owner()
    tables = [view.name.replace(".", "_g1.") for view in VIEWS if _is_divided(view)]
    try:
        before = {table: await parts(owner, table) for table in tables}
        for table, names in before.items():
            await owner.execute(f"drop table {table}_{names[-1]}")
        async with reader.transaction():
            await reader.execute(f"select from {tables[0]}_other")
            await arrange_partitions(database)
        assert [table for table in tables if await parts(owner, table) != before[table]] == tables[:1]
    finally:
        await reader.close()
        await owner.close()
        await database.close()
    (told,) = (record.message for record in caplog.records)
    assert told.endswith("are in use and were not arranged.")


def _is_divided(view: type[View[Any]]) -> bool:
    return issubclass(view, PostgresView) and isinstance(view.partitions, ByTime)


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
    await asyncio.wait_for(over.wait(), 120)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()
    assert [record.message for record in caplog.records] == ["The partitions of views could not be arranged."]
