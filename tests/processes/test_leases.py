"""The lease of a process: one holder, and nothing is written under an old token."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.log.postgres import PostgresLog
from app.processes.lease import Lease, beat, enroll, give_back, take
from app.processes.process_progress import ProcessProgress, move_idle
from app.processes.process_worker import ProcessWorker
from app.processes.store import ProcessStore
from app.processes.unit_of_work import Cause, LedgerEntry, UnitOfWork
from app.storage.database import Connection, Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock
from domain.kit.codec import PlainCodec
from domain.kit.log import Envelope
from projections.kit.background import running
from projections.kit.follow.lease_locks import prepare
from projections.kit.follow.pages import Pages
from projections.kit.store.store import LeaseLost
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.log.appends import TENANT, event
from tests.processes.outside import Outside
from tests.processes.toys import Thanked, Thanks
from tests.processes.working import NOON

THANKS = Thanks(Outside())
GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Workers:
    """Sessions that try to take the lease."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sessions: list[Connection] = []

    async def take(self, stale: float = 60) -> tuple[Connection, Lease | None]:
        """A new worker's session, and the lease if it could be had."""
        connection = await self.database.connect()
        self.sessions.append(connection)
        await prepare(connection)
        return connection, await take(connection, THANKS, "a worker", stale)


@pytest.fixture
async def workers(database: Database) -> AsyncIterator[Workers]:
    await enroll(database.writer, THANKS)
    workers = Workers(database)
    yield workers
    for session in workers.sessions:
        session.terminate()


async def _silent(database: Database) -> None:
    await database.writer.execute("update processes.holders set beat_at = beat_at - interval '1 hour'")


def _changes() -> UnitOfWork:
    new = event()
    origin = Cause(
        tenant_id=TENANT,
        instance="one",
        cause=new.event_id,
        event_id=new.event_id,
        position=1,
        correlation_id="a request",
    )
    entry = LedgerEntry(origin=origin, key="thank", kind="effect", name="thank", payload=b"{}", next_at=NOON)
    return UnitOfWork(THANKS, NOON, {}, states={origin.key: Thanked()}, entries=[entry])


async def test_only_one_worker_has_it(workers: Workers) -> None:
    first, lease = await workers.take()
    assert lease is not None
    assert (await workers.take())[1] is None
    await give_back(first, lease)
    again = (await workers.take())[1]
    assert again is not None
    assert again.token == lease.token + 1


async def test_who_shows_no_beat_loses_it_and_writes_nothing_any_more(
    database: Database, workers: Workers
) -> None:
    first, old = await workers.take()
    await _silent(database)
    _, new = await workers.take()
    assert old is not None
    assert new is not None
    with pytest.raises(GONE):
        await beat(first, [old], NOON)
    with pytest.raises(LeaseLost):
        async with ProcessStore(database.writer, THANKS, old).transaction() as connection:
            await ProcessStore(database.writer, THANKS, old).save(connection, _changes())
    assert await database.writer.fetchval("select count(*) from processes.ledger") == 0
    for lease in (old, new):
        store = ProcessStore(database.writer, THANKS, lease)
        with pytest.raises(LeaseLost) if lease is old else nullcontext():
            await store.react([(TENANT, "one")], lambda _: _changes(), after=0, until=1)
    assert await database.writer.fetchval("select count(*) from processes.ledger") == 1


async def test_an_event_is_reacted_to_once_though_the_answer_to_the_first_page_was_lost(
    database: Database, workers: Workers
) -> None:
    _, lease = await workers.take()
    assert lease is not None
    store = ProcessStore(database.writer, THANKS, lease)
    await store.react([(TENANT, "one")], lambda _: _changes(), after=0, until=2)
    # The log has grown since.
    with pytest.raises(LeaseLost):
        await store.react([(TENANT, "one")], lambda _: _changes(), after=0, until=3)
    await store.react([(TENANT, "one")], lambda _: _changes(), after=2, until=3)
    assert await database.writer.fetchval("select count(*) from processes.ledger") == 2


async def test_the_newest_lease_alone_moves_over_what_is_not_reacted_to(
    database: Database, workers: Workers
) -> None:
    _, old = await workers.take()
    await _silent(database)
    _, new = await workers.take()
    assert old is not None
    assert new is not None
    assert await move_idle(database.writer, {old: 7}) == set()
    assert await move_idle(database.writer, {new: 5}) == {THANKS.name}
    # What was saved meanwhile is further.
    assert await move_idle(database.writer, {new: 3}) == {THANKS.name}
    assert await database.writer.fetchval("select position from processes.lanes") == 5


async def test_a_process_that_writes_is_not_waited_for(database: Database, workers: Workers) -> None:
    _, lease = await workers.take()
    assert lease is not None
    async with ProcessStore(database.writer, THANKS, lease).transaction():
        assert await move_idle(database.writer, {lease: 5}) == set()


async def test_a_beat_keeps_it(database: Database, workers: Workers) -> None:
    first, lease = await workers.take()
    assert lease is not None
    await _silent(database)
    await beat(first, [lease], NOON)
    assert (await workers.take())[1] is None


async def test_an_effect_of_the_same_event_is_never_stored_twice(
    database: Database, workers: Workers
) -> None:
    _, lease = await workers.take()
    assert lease is not None
    store, changes = ProcessStore(database.writer, THANKS, lease), _changes()
    async with store.transaction() as connection:
        await store.save(connection, changes)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with store.transaction() as connection:
            await store.save(connection, changes)


async def test_tenants_take_turns(database: Database, workers: Workers) -> None:
    _, lease = await workers.take()
    assert lease is not None
    store = ProcessStore(database.writer, THANKS, lease)
    many, few = uuid4(), uuid4()
    actions = [_wish(many, number) for number in range(20)] + [_wish(few, number) for number in range(2)]
    async with store.transaction() as connection:
        await store.save(connection, UnitOfWork(THANKS, NOON, {}, entries=actions))
    claims: list[list[UUID]] = []
    for limit in (4, 2, 100):
        async with store.transaction() as connection:
            claims.append([effect.origin.tenant_id for effect in await store.claim(connection, NOON, limit)])
    assert sorted(claims[0], key=str) == sorted([many, many, few, few], key=str)
    assert claims[1:] == [[many] * 2, [many] * 16]


async def test_who_has_much_under_way_comes_last(database: Database, workers: Workers) -> None:
    _, lease = await workers.take()
    assert lease is not None
    store = ProcessStore(database.writer, THANKS, lease)
    many, late = uuid4(), uuid4()
    for tenant, count in ((many, 8), (late, 3)):
        async with store.transaction() as connection:
            actions = [_wish(tenant, number) for number in range(count)]
            await store.save(connection, UnitOfWork(THANKS, NOON, {}, entries=actions))
            claimed = await store.claim(connection, NOON, 3)
            assert {effect.origin.tenant_id for effect in claimed} == {tenant}


def _wish(tenant: UUID, number: int) -> LedgerEntry:
    origin = Cause(
        tenant_id=tenant,
        instance=str(number),
        cause=uuid4(),
        event_id=uuid4(),
        position=1,
        correlation_id="a request",
    )
    return LedgerEntry(origin=origin, key="thank", kind="effect", name="thank", payload=b"{}", next_at=NOON)


async def _none(position: int) -> Envelope:
    raise LookupError(position)


async def test_what_processes_share_is_tried_ever_more_seldom_and_told_twice(
    database_url: str, log: PostgresLog, bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    closed = await Database.open(database_url, secret=SECRET, writers=1, readers=1)
    await closed.close()
    pages, looks = Pages(log, PlainCodec(), poll=1), 0
    worker = ProcessWorker(
        THANKS,
        Lease(THANKS.name, 1, 1, 0),
        pool=closed.writer,
        pages=pages,
        read=_none,
        bus=bus,
        clock=SystemClock(),
        notice=lambda point, what: None,
        poll=1,
        slots=1,
    )

    def held() -> list[ProcessWorker]:
        nonlocal looks
        looks += 1
        return [worker]

    worker.position = 1
    progress = ProcessProgress(closed.writer, held, poll=0.001)
    async with running(progress.run, name="progress of processes"):
        await until(lambda: looks > 8)
    assert len(caplog.records) == 2
