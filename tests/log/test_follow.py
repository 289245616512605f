"""Following the log: hints, polls, lost connections, and one reader shared by many."""

import asyncio
import time

from app.log.follower import LogFollower
from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from tests.log.appends import append, positions_until, until

_LISTENERS = (
    "select pid from pg_stat_activity where usename = 'headwater_writer' and datname = current_database()"
    " and (query like '%position > $1%' or query ilike 'listen%')"
)


async def test_follows_from_a_position(log: PostgresLog) -> None:
    head = await append(log, 25)
    pages = log.follow(after=head - 20)
    assert await positions_until(pages, head) == list(range(head - 19, head + 1))
    later = asyncio.create_task(positions_until(pages, head + 5))
    await append(log, 5)
    assert await later == list(range(head + 1, head + 6))


async def test_a_hint_is_enough(database: Database, log: PostgresLog) -> None:
    """With polls an hour apart, only the hint can bring the event."""
    head = await log.head()
    pages = LogFollower(database, poll=3600).follow(after=head)
    waiting = asyncio.create_task(positions_until(pages, head + 3))
    for _ in range(3):
        await append(log, 1)
    assert await waiting == [head + 1, head + 2, head + 3]


async def test_events_that_come_steadily_are_read_several_at_a_time(
    database: Database, log: PostgresLog
) -> None:
    """Each by itself would cost all who follow as much as many together."""
    head, reads = await log.head(), list[int]()
    began, follower = time.monotonic(), LogFollower(database, poll=3600)
    pages = follower.follow(after=head)

    async def follow() -> None:
        while follower.position < head + 200:
            reads.append(len(await anext(pages)))

    following = asyncio.create_task(follow())
    for _ in range(200):
        await append(log, 1)
    await following
    assert sum(reads) == 200
    assert len(reads) <= 10 + (time.monotonic() - began) / 0.01


async def test_a_poll_is_enough(database: Database, log: PostgresLog, owner: Connection) -> None:
    """Without a hint, as when the server's queue is half full, the next poll brings the event."""
    head = await log.head()
    follower = LogFollower(database, poll=0.02)
    waiting = asyncio.create_task(positions_until(follower.follow(after=head), head + 1))
    await until(lambda: follower.last_read_at is not None)
    # The owner can put a row there behind the back of es.append, which would have sent a hint.
    await owner.execute(
        "insert into es.events select (jsonb_populate_record(e, jsonb_build_object('position', position + 1,"
        " 'event_id', gen_random_uuid(), 'originator_id', gen_random_uuid()))).*"
        " from es.events e where position = $1",
        head,
    )
    assert await waiting == [head + 1]
    assert follower.position == head + 1


async def test_survives_the_loss_of_its_connection(
    database: Database, log: PostgresLog, owner: Connection
) -> None:
    head = await log.head()
    follower = LogFollower(database, poll=3600)
    waiting = asyncio.create_task(positions_until(follower.follow(after=head), head + 30))
    for _ in range(30):
        cut = await owner.fetchval(f"select count(pg_terminate_backend(pid)) from ({_LISTENERS}) l")
        position = await append(log, 1)
        if not cut:
            await until(lambda position=position: follower.position >= position)  # type: ignore[misc]
    assert await waiting == list(range(head + 1, head + 31))


async def test_survives_a_read_that_the_server_cancels(
    database: Database, log: PostgresLog, owner: Connection
) -> None:
    """As statement_timeout does while a table is locked; a feed that ended would be missed by nobody."""
    head = await log.head()
    follower = LogFollower(database, poll=0.02)
    waiting = asyncio.create_task(positions_until(follower.follow(after=head), head + 1))
    await until(lambda: follower.last_read_at is not None)
    async with owner.transaction():
        await owner.execute("lock table es.events in access exclusive mode")
        cancel = f"select count(pg_cancel_backend(pid)) from ({_LISTENERS} and wait_event_type = 'Lock') l"
        while not await owner.fetchval(cancel):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await append(log, 1)
    assert await waiting == [head + 1]


async def test_a_pause_of_the_consumer_costs_nothing(
    database: Database, log: PostgresLog, owner: Connection
) -> None:
    """A consumer that stopped for long goes on where it was, its connection gone or not."""
    head = await append(log, 1)
    pages = LogFollower(database, page=10).follow(after=head - 1)
    assert [event.position for event in await anext(pages)] == [head]
    await owner.fetch(f"select pg_terminate_backend(pid) from ({_LISTENERS}) l")
    await append(log, 50)
    assert await positions_until(pages, head + 50) == list(range(head + 1, head + 51))
