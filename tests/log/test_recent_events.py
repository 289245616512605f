"""One reader of the log that many consumers share, and their ways back to what is no longer kept."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.log.feed import RecentEvents
from app.log.postgres import PostgresLog
from app.log.reader import LogReader
from app.storage.database import Connection, Database
from domain.kit.log import Envelope
from tests.log.appends import OTHER, TENANT, append, command, event, positions_until, stored


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[RecentEvents]:
    feed = RecentEvents(database, page=10, recent=40)
    await feed.start()
    yield feed
    await feed.close()


async def test_many_share_one_reader(feed: RecentEvents, log: PostgresLog, owner: Connection) -> None:
    head = await log.head()
    consumers = [asyncio.create_task(positions_until(feed.pages(after=head), head + 30)) for _ in range(50)]
    await append(log, 30)
    assert await asyncio.gather(*consumers) == [list(range(head + 1, head + 31))] * 50
    assert feed.position == head + 30
    assert feed.last_read_at is not None


async def test_who_is_far_behind_reads_the_log(feed: RecentEvents, log: PostgresLog) -> None:
    head = await append(log, 100)
    consumers = [positions_until(feed.pages(after=after), head) for after in (0, head - 99, head - 5)]
    seen = await asyncio.gather(*consumers)
    assert seen == [
        list(range(1, head + 1)),
        list(range(head - 98, head + 1)),
        list(range(head - 4, head + 1)),
    ]


async def test_a_slow_consumer_misses_nothing_and_holds_nothing(feed: RecentEvents, log: PostgresLog) -> None:
    head = await append(log, 1)
    slow = feed.pages(after=head - 1)
    assert [event.position for event in await anext(slow)] == [head]
    last = await append(log, 300)
    await positions_until(feed.pages(after=head), last)
    assert len(feed) <= 60
    assert await positions_until(slow, last) == list(range(head + 1, last + 1))


async def test_what_is_kept_has_a_bound_in_bytes_too(database: Database, log: PostgresLog) -> None:
    feed = RecentEvents(database, recent_bytes=1_000)
    await feed.start()
    last = await append(log, 200)
    await positions_until(feed.pages(after=last - 1), last)
    kept = len(feed)
    await feed.close()
    assert 0 < kept * len(event().payload) <= 1_000


async def test_a_position_beyond_the_head_waits(feed: RecentEvents, log: PostgresLog) -> None:
    head = await log.head()
    waiting = asyncio.create_task(positions_until(feed.pages(after=head + 3), head + 5))
    await append(log, 5)
    assert await waiting == [head + 4, head + 5]


async def test_closing_ends_every_consumer(database: Database) -> None:
    feed = RecentEvents(database)
    await feed.start()
    consumer = asyncio.create_task(positions_until(feed.pages(after=feed.position), feed.position + 1))
    await asyncio.sleep(0)
    await feed.close()
    with pytest.raises(AssertionError, match="ended"):
        await consumer


async def test_a_backlog_is_of_the_tenants_own_events(feed: RecentEvents, log: PostgresLog) -> None:
    head = await log.head()
    mine = list[int]()
    for _ in range(6):
        await asyncio.gather(*(log.append(command(event())) for _ in range(10)))
        mine.append(stored(await log.append(command(event(), tenant=OTHER))).last)
    await positions_until(feed.pages(after=head), mine[-1])
    assert await positions_until(feed.pages_of(OTHER, OTHER, after=head), mine[-1]) == mine


async def test_a_backlog_takes_none_of_the_writers_connections(
    feed: RecentEvents, database: Database, log: PostgresLog
) -> None:
    head = await append(log, 100)
    await positions_until(feed.pages(after=head - 1), head)
    async with AsyncExitStack() as stack:
        for _ in range(database.writer.get_max_size()):
            await stack.enter_async_context(database.writer.acquire())
        seen = await positions_until(feed.pages_of(TENANT, TENANT, after=head - 100), head)
    assert len(seen) == 100


async def test_one_caller_reads_one_backlog_at_a_time_and_another_need_not_wait(
    feed: RecentEvents, database: Database, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await append(log, 100)
    await positions_until(feed.pages(after=head - 1), head)
    reading, most = Counter[UUID](), Counter[UUID]()
    read = LogReader.read

    def one_of(caller: UUID) -> asyncio.Task[list[int]]:
        return asyncio.create_task(
            positions_until(feed.pages_of(TENANT, caller, after=head - 100), head), name=str(caller)
        )

    async def counted(reader: LogReader, **arguments: Any) -> list[Envelope]:
        task = asyncio.current_task()
        assert task is not None
        caller = UUID(task.get_name())
        reading[caller] += 1
        most[caller] = max(most[caller], reading[caller])
        most[UUID(int=0)] = max(most[UUID(int=0)], reading.total())
        found = await read(reader, **arguments)
        reading[caller] -= 1
        return found

    monkeypatch.setattr(LogReader, "read", counted)
    callers = [TENANT] * 10 + [OTHER] * 10
    assert [len(seen) for seen in await asyncio.gather(*map(one_of, callers))] == [100] * 20
    assert most == {TENANT: 1, OTHER: 1, UUID(int=0): 2}


async def test_tenants_that_are_behind_take_turns_and_leave_readers_to_the_others(
    feed: RecentEvents, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, tenants = await log.head(), [uuid4() for _ in range(6)]
    for tenant in tenants:
        await log.append(command(event(), tenant=tenant))
    last = await append(log, 100)
    await positions_until(feed.pages(after=last - 100), last)
    reading, most = Counter[UUID](), Counter[UUID]()
    read = LogReader.read

    async def counted(reader: LogReader, **arguments: Any) -> list[Envelope]:
        tenant: UUID = arguments["select"].tenant_id
        reading[tenant] += 1
        most[tenant] = max(most[tenant], reading[tenant])
        most[UUID(int=0)] = max(most[UUID(int=0)], reading.total())
        found = await read(reader, **arguments)
        reading[tenant] -= 1
        return found

    monkeypatch.setattr(LogReader, "read", counted)
    requests = [feed.pages_of(tenant, uuid4(), after=head) for tenant in tenants for _ in range(5)]
    async with asyncio.TaskGroup() as group:
        for pages in requests:
            group.create_task(anext(pages))
    for pages in requests:
        await pages.aclose()
    assert most.pop(UUID(int=0)) == 4
    assert max(most.values()) == 2


async def test_how_far_back_somebody_is_counts_the_tenants_own_events(
    feed: RecentEvents, log: PostgresLog
) -> None:
    head = await log.head()
    for _ in range(3):
        await log.append(command(event(), tenant=OTHER))
    last = await append(log, 50)
    await positions_until(feed.pages(after=last - 1), last)
    assert await feed.far(OTHER, OTHER, after=head, most=2)
    assert not await feed.far(OTHER, OTHER, after=head, most=3)
    assert await feed.far(TENANT, TENANT, after=head, most=49)
    assert not await feed.far(TENANT, TENANT, after=head, most=50)


async def test_who_asks_how_far_back_they_are_waits_their_turn_too(
    feed: RecentEvents, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await log.head()
    last = await append(log, 50)
    await positions_until(feed.pages(after=last - 1), last)
    counting, most = 0, 0
    more_than = LogReader.more_than

    async def counted(reader: LogReader, *arguments: Any, after: int) -> bool:
        nonlocal counting, most
        counting += 1
        most = max(most, counting)
        found = await more_than(reader, *arguments, after=after)
        counting -= 1
        return found

    monkeypatch.setattr(LogReader, "more_than", counted)
    await asyncio.gather(*(feed.far(TENANT, TENANT, after=head, most=10) for _ in range(10)))
    assert most == 1
