"""Which indexes events are read by, and of which days."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.embedded.postgres import Postgres
from app.storage.database import Database
from projections.gateway.event_metadata import FOUND, FOUND_AMONG, EventMetadata
from projections.gateway.events import OutsideEvents
from projections.kit.declare.filters import Compare, ComparedColumn, Comparison, Filter, Not, Some
from projections.kit.read.conditions import Condition, equals, filtered, since, until
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.tables import table_shape
from tests.kit.servers import SECRET, fresh_database
from tests.views.fillings import filled
from tests.views.place import opened
from tests.work.test_plans import Explaining

TENANT = UUID(int=1)
NOW = datetime.now(UTC)
_ROWS = """
select uuidv7(), uuidv7(), uuidv7(), 'order.t' || n % 50, 'business', 'web', '1', at, null, at, '', uuidv7(),
       'c' || n % 300, 'u' || n % 300, null, 's' || n % 300, 'o' || n % 300, 'live', 'eu', 100, '{}', '{}', null,
       ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, n
  from generate_series(1, 40000) n, lateral (select now() - n % 90 * interval '1 day' as at) a
"""


_ENTRIES = """
select id, 'campaign', 'c' || position % 2000, received_at, tenant_id, position from {}
"""


@pytest.fixture(scope="module")
async def explaining(postgres: Postgres) -> AsyncIterator[Explaining]:
    """A reader of 90 days of events, who explains."""
    async with fresh_database(postgres) as url, opened(url) as place:
        await filled(place, NOW - timedelta(days=89), NOW)
        owner = await place.database.owner()
        events = table_shape(OutsideEvents, 1).name
        for view, rows in ((OutsideEvents, _ROWS), (EventMetadata, _ENTRIES.format(events))):
            await place.store(view)
            shape = table_shape(view, 1)
            async with place.database.writer.acquire() as writer:
                columns = ", ".join((*shape.columns, "tenant_id", "position"))
                await writer.execute(f"insert into {shape.name} ({columns}) {rows}")
            await owner.execute(f"analyze {shape.name}")
        await owner.close()
        database = await Database.open(url, secret=SECRET)
        yield Explaining(database)
        await database.close()


def days(plan: str) -> set[str]:
    """The days whose partitions are read."""
    return set(re.findall(r"on events_(\d+_\d+_\d+)", plan))


async def plan_of(explaining: Any, where: list[Condition], order: Order) -> str:
    await PostgresRows(explaining, Only(1)).page(OutsideEvents, TENANT, where=where, order=order, limit=20)
    plan: str = explaining.plan
    assert not re.search("Seq Scan|Bitmap", plan), plan
    return plan


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event_type", "order.t7"),
        ("user_id", "u7"),
        ("correlation_id", "c7"),
        ("session_id", "s7"),
        ("order_id", "o7"),
    ],
)
async def test_events_of_one_kind_are_read_in_the_order_in_which_they_happened(
    explaining: Explaining, column: str, value: str
) -> None:
    plan = await plan_of(explaining, equals(column, value), Order("occurred_at"))
    # Each day gives its own in this order, and they are merged.
    assert "Merge Append" in plan, plan
    assert "Sort  " not in plan, plan
    assert re.search(rf"_tenant_id_{column}_occurred_at_id_idx", plan), plan


async def test_events_are_found_by_entries_through_their_index(explaining: Explaining) -> None:
    where = [Condition(FOUND, parts=(Condition("{}", "campaign"), Condition("{}", "c2")))]
    order: Any = Order("received_at", descending=True)
    await PostgresRows(explaining, Only(1)).page(OutsideEvents, TENANT, where=where, order=order, limit=20)
    # Of a day without rows there is nothing to be looked for.
    assert not re.search(r"Seq Scan on event_metadata_.*\(cost=(?!0\.00\.\.0\.00 )", explaining.plan)
    found = r"event_metadata_\w+_idx .*\n +Index Cond: .*tenant_id.* AND .*key.* AND .*value"
    assert re.search(found, explaining.plan), explaining.plan


_CAMPAIGN = Compare(
    ComparedColumn("metadata", sql=FOUND, among=FOUND_AMONG), Comparison.ENTRY, ("campaign", "c2")
)


@pytest.mark.parametrize(
    "filter",
    [Not(_CAMPAIGN), Some((_CAMPAIGN, Compare(ComparedColumn("event_type"), Comparison.EQ, "order.t7")))],
    ids=["not", "or"],
)
async def test_among_alternatives_an_entry_is_looked_for_at_each_event_and_on_its_day(
    explaining: Explaining, filter: Filter
) -> None:
    where = [filtered(OutsideEvents, filter), *since("received_at", NOW - timedelta(days=2))]
    order: Any = Order("received_at", descending=True)
    await PostgresRows(explaining, Only(1)).page(OutsideEvents, TENANT, where=where, order=order, limit=20)
    # The events are read by their index, and each is looked up by its id and time: in one partition.
    assert "hashed SubPlan" not in explaining.plan
    assert not re.search("Seq Scan on events_|Sort  ", explaining.plan), explaining.plan
    found = r"event_metadata_\w+_idx .*\n +Index Cond: .*received_at = (\w+)\.received_at.*event_id = \1\.id"
    assert re.search(found, explaining.plan), explaining.plan


async def test_a_range_of_days_reads_these_days_alone(explaining: Explaining) -> None:
    day = NOW - timedelta(days=5)
    where = [*since("received_at", day - timedelta(days=1)), *until("received_at", day)]
    plan = await plan_of(explaining, where, Order("received_at", descending=True))
    assert days(plan) == {f"{at:%Y_%m_%d}" for at in (day - timedelta(days=1), day)}


async def test_an_event_is_found_by_its_id(explaining: Explaining) -> None:
    rows: Any = PostgresRows(explaining, Only(1))
    await rows.get(OutsideEvents, TENANT, [(UUID(int=9),)])
    assert "Seq Scan" not in re.sub(
        r"Seq Scan on events_(other|\d+_\d+_\d+) .*rows=\d\b", "", explaining.plan
    )
    assert re.search(r"events_\d+_\d+_\d+_pkey", explaining.plan), explaining.plan
