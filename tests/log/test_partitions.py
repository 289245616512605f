"""Partitions are made ahead, and a batch may cross from one into the next."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from app.log.appender import Appender
from app.log.postgres import PostgresLog
from app.log.reader import conditions
from app.storage.database import Connection, Database
from domain.kit.log import EVERYTHING
from tests.kit.processes import until
from tests.log.appends import TENANT, command, event, stored, whole

_RANGES = "select array_agg(array[first, last] order by first) from es.partitions"


@pytest.fixture(autouse=True, scope="module")
async def small_partitions(database: Database) -> AsyncIterator[None]:
    owner = await database.owner()
    await owner.execute("update es.partitioning set size = 10")
    yield
    await owner.close()


async def test_a_batch_crosses_partitions(log: PostgresLog, database: Database, owner: Connection) -> None:
    stored(await log.append(command(*(event() for _ in range(7)))))
    receipt = stored(await log.append(command(*(event() for _ in range(25)))))
    assert (receipt.first, receipt.last) == (8, 32)
    assert await whole(database) == 32
    spread = await owner.fetch(
        "select tableoid::regclass::text, count(*) from es.events group by 1 order by 1"
    )
    assert [tuple(row) for row in spread] == [
        ("es.events_from_1", 10),
        ("es.events_from_11", 10),
        ("es.events_from_21", 10),
        ("es.events_from_31", 2),
    ]


async def test_a_partition_lies_ready_beyond_the_head(
    log: PostgresLog, database: Database, owner: Connection
) -> None:
    appender = Appender(database)
    head = stored(await appender.append(command(event()))).last
    await appender.close()
    ranges = await owner.fetchval(_RANGES)
    assert ranges[-1][0] > head
    assert ranges[-1][1] >= head + 10


async def test_two_processes_may_make_it_at_once(database: Database, owner: Connection) -> None:
    await owner.execute("update es.partitioning set size = 50")
    reached = await asyncio.gather(*(database.writer.fetchval("select es.prepare()") for _ in range(4)))
    assert len(set(reached)) == 1
    ranges = await owner.fetchval(_RANGES)
    assert [first for first, _ in ranges] == [1, *(last + 1 for _, last in ranges[:-1])]


async def test_a_long_read_does_not_hold_up_a_new_partition(
    log: PostgresLog, database: Database, owner: Connection
) -> None:
    async with owner.transaction():
        await owner.fetch("select * from es.events")
        receipt = stored(await log.append(command(*(event() for _ in range(200)))))
    reach = await owner.fetchval("select max(last) from es.partitions")
    assert reach >= receipt.last
    assert len(await log.read(after=receipt.first - 1, limit=500)) == 200


async def test_a_stream_is_read_over_all_its_partitions(log: PostgresLog) -> None:
    first = event()
    stored(await log.append(command(first)))
    for version in range(2, 40):
        stored(await log.append(command(event(first.originator_id, version), event(), event(), event())))
    found = (await log.streams(TENANT, [first.originator_id], after=5))[first.originator_id]
    assert [envelope.originator_version for envelope in found] == list(range(6, 40))


async def test_a_range_of_positions_touches_its_partitions_alone(log: PostgresLog, owner: Connection) -> None:
    """However long the log is, a page of it costs what the page costs."""
    stored(await log.append(command(*(event() for _ in range(200)))))
    (first, last), *_ = await owner.fetchval(_RANGES)
    where, arguments = conditions(first, last, EVERYTHING)
    plan = await owner.fetch(f"explain select * from es.events where {where}", *arguments)
    read = set(re.findall(r"on (events_from_\d+)", "\n".join(line for (line,) in plan)))
    assert read == {f"events_from_{first}"}
    assert len(await owner.fetchval(_RANGES)) > 1


async def test_an_append_that_does_not_see_a_new_partition_yet_is_made_again(
    log: PostgresLog, owner: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """As when another session makes the partition between the look at what there is and the insert."""
    async with owner.transaction():
        # As `es.extend` does, which may be at it for what was appended before.
        await owner.execute("select pg_advisory_xact_lock(7311902764002)")
        head = await owner.fetchval("select max(last) from es.partitions")
        size = await owner.fetchval("select size from es.partitioning")
        await owner.execute("insert into es.partitions values ($1, $2)", head + 1, head + size)

    async def seen() -> None:
        await until(lambda: "no partition of relation" in caplog.text)
        await owner.execute("delete from es.partitions where first = $1", head + 1)

    events = (event() for _ in range(2 * size + 10))
    outcome, _ = await asyncio.gather(log.append(command(*events)), seen())
    stored(outcome)
