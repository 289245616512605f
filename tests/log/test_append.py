"""Appending: what is stored, what is refused, and that each command stands alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.log.appender import Appender
from app.log.batch import Unstorable
from app.log.pending_append import Answers, PendingAppend, Queue
from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from domain.kit.log import AppendReceipt, Conflict, Guard, Reused
from tests.log.appends import NOON, OTHER, TENANT, command, event, stored, whole


async def test_positions_are_dense(log: PostgresLog, database: Database) -> None:
    before = await log.head()
    outcomes = await asyncio.gather(*(log.append(command(event(), event())) for _ in range(50)))
    positions = [(stored(outcome).first, stored(outcome).last) for outcome in outcomes]
    assert sorted(positions) == [(before + n, before + n + 1) for n in range(1, 101, 2)]
    assert await whole(database) == await log.head() == before + 100


async def test_keeps_the_whole_envelope(log: PostgresLog) -> None:
    new = event(payload=b'{"title": "\xc3\xa9"}', timestamp=NOON)
    append = command(new, metadata=b'{"agent": "test"}')
    receipt = stored(await log.append(append))
    (found,) = (await log.streams(TENANT, [new.originator_id]))[new.originator_id]
    assert found.position == receipt.first
    assert (found.tenant_id, found.topic, found.type, found.version) == (TENANT, new.topic, new.type, 1)
    assert (found.event_id, found.originator_id, found.originator_version) == (
        new.event_id,
        new.originator_id,
        1,
    )
    assert (found.timestamp, found.payload, found.metadata) == (NOON, '{"title": "é"}', '{"agent": "test"}')
    assert (found.command_id, found.correlation_id, found.causation_id) == (
        append.command_id,
        "a request",
        None,
    )
    assert (found.user_id, found.session_id) == (None, None)
    assert (found.source, found.environment, found.region) == ("tests", "test", "local")


async def test_the_same_command_again_has_the_same_receipt(log: PostgresLog) -> None:
    append = command(event())
    first = stored(await log.append(append))
    again = await log.append(append)
    assert again == AppendReceipt(append.command_id, first.first, first.last, repeated=True)


async def test_the_same_command_at_once_is_stored_once(log: PostgresLog) -> None:
    append = command(event())
    outcomes = await asyncio.gather(*(log.append(append) for _ in range(20)))
    assert sum(isinstance(outcome, AppendReceipt) and not outcome.repeated for outcome in outcomes) == 1
    assert (
        len({(outcome.first, outcome.last) for outcome in outcomes if isinstance(outcome, AppendReceipt)})
        == 1
    )


async def test_the_same_command_from_two_appenders_is_stored_once(database: Database) -> None:
    appenders = Appender(database), Appender(database)
    commands = [command(event()) for _ in range(30)]
    answers = await asyncio.gather(
        *(appender.append(append) for append in commands for appender in appenders)
    )
    for first, other in zip(answers[::2], answers[1::2], strict=True):
        assert isinstance(first, AppendReceipt)
        assert isinstance(other, AppendReceipt)
        assert first.first == other.first
        assert first.repeated != other.repeated
    for appender in appenders:
        await appender.close()


async def test_refuses_a_command_id_with_other_content(log: PostgresLog) -> None:
    append = command(event())
    await log.append(append)
    other = command(event(), command_id=append.command_id, content=b"other")
    assert await log.append(other) == Reused(append.command_id)


async def test_a_command_id_belongs_to_its_tenant(log: PostgresLog) -> None:
    append = command(event())
    await log.append(append)
    stored(await log.append(command(event(), tenant=OTHER, command_id=append.command_id, content=b"other")))


async def test_exactly_one_of_two_writers_wins(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    outcomes = await asyncio.gather(*(log.append(command(event(stream, 2))) for _ in range(10)))
    assert sum(isinstance(outcome, AppendReceipt) for outcome in outcomes) == 1
    assert outcomes.count(Conflict(stream)) == 9


@pytest.mark.parametrize("version", [1, 3])
async def test_refuses_a_version_that_is_not_next(log: PostgresLog, version: int) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    assert await log.append(command(event(stream, version))) == Conflict(stream)


async def test_a_refused_command_stores_nothing(log: PostgresLog, database: Database) -> None:
    head, stream = await log.head(), uuid4()
    assert await log.append(command(event(), event(stream, 2))) == Conflict(stream)
    assert await log.head() == head
    await whole(database)


async def test_refuses_another_topic_on_a_stream(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    assert await log.append(command(event(stream, 2, topic="work.project"))) == Conflict(stream)


async def test_nothing_follows_the_end_of_a_stream(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream, ends=True)))
    assert await log.append(command(event(stream, 2))) == Conflict(stream)


async def test_streams_of_two_tenants_are_strangers(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    assert await log.append(command(event(stream, 2), tenant=OTHER)) == Conflict(stream)
    stored(await log.append(command(event(stream), tenant=OTHER)))
    stored(await log.append(command(event(stream, 2))))


async def test_a_guard_must_still_stand(log: PostgresLog) -> None:
    stream = uuid4()
    await log.append(command(event(stream)))
    stored(await log.append(command(event(), guards=[Guard(stream, 1), Guard(uuid4(), 0)])))
    assert await log.append(command(event(), guards=[Guard(stream, 2)])) == Conflict(stream)


async def test_guards_are_not_skewed_by_commands_at_once(log: PostgresLog) -> None:
    """Two commands that each guard what the other writes: only one may pass."""
    left, right = uuid4(), uuid4()
    outcomes = await asyncio.gather(
        log.append(command(event(left), guards=[Guard(right, 0)])),
        log.append(command(event(right), guards=[Guard(left, 0)])),
    )
    assert sum(isinstance(outcome, AppendReceipt) for outcome in outcomes) == 1


async def test_a_command_without_events_has_an_empty_receipt(log: PostgresLog) -> None:
    append = command()
    receipt = stored(await log.append(append))
    assert receipt.last == await log.head()
    assert receipt.first == receipt.last + 1
    await log.append(command(event()))
    assert await log.append(append) == AppendReceipt(
        append.command_id, receipt.first, receipt.last, repeated=True
    )


async def test_knows_the_receipt_of_a_command(log: PostgresLog) -> None:
    append = command(event())
    receipt = stored(await log.append(append))
    assert await log.receipt(TENANT, append.command_id) == (
        AppendReceipt(append.command_id, receipt.first, receipt.last, repeated=True),
        append.digest,
    )
    assert await log.receipt(OTHER, append.command_id) is None


BAD = [
    command(event(payload=b'{"title": "\\u0000"}')),
    command(event(payload=b'{"title": "\\\\\\u0000"}')),
    command(event(payload=b'{"title": "\xff"}')),
    command(event(), metadata=b'{"agent": "\\u0000"}'),
    command(event(type="work.task\0")),
    command(event(), correlation_id="\ud800"),
    command(event(), correlation_id="x" * 10_000),
    command(event(timestamp=datetime(2026, 3, 1))),  # noqa: DTZ001  # The missing zone is the fault.
    command(event(timestamp=datetime(9999, 12, 31, tzinfo=UTC))),
    command(event(version=0)),
    command(event(version=2**31)),
]


@pytest.mark.parametrize("bad", BAD)
async def test_refuses_what_postgres_cannot_hold(log: PostgresLog, bad: object) -> None:
    with pytest.raises(Unstorable):
        await log.append(bad)  # type: ignore[arg-type]


async def test_a_backslash_before_a_code_is_not_a_nul(log: PostgresLog) -> None:
    stored(await log.append(command(event(payload=b'{"title": "\\\\u0000"}'))))


async def test_only_the_guilty_command_of_a_batch_fails(log: PostgresLog, database: Database) -> None:
    taken = event()
    await log.append(command(taken))
    batch = [command(event()) for _ in range(20)]
    batch[3] = command(event(payload=b"no JSON"))
    batch[11] = command(event(event_id=taken.event_id))
    batch[17] = command(event(payload=b'"\\ud800"'))
    outcomes = await asyncio.gather(*(log.append(append) for append in batch), return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Unstorable)] == [3, 11, 17]
    assert sum(isinstance(outcome, AppendReceipt) for outcome in outcomes) == 17
    await whole(database)


async def test_events_keep_their_order_when_the_clock_jumps_back(log: PostgresLog) -> None:
    stream = uuid4()
    times = [NOON, NOON - timedelta(days=400), NOON + timedelta(seconds=1)]
    for version, time in enumerate(times, 1):
        stored(await log.append(command(event(stream, version, timestamp=time))))
    found = (await log.streams(TENANT, [stream]))[stream]
    assert [envelope.timestamp for envelope in found] == times
    assert [envelope.position for envelope in found] == sorted(envelope.position for envelope in found)


@pytest.mark.parametrize("year", [2, 1969, 2038, 2106, 9998])
async def test_keeps_times_far_away(log: PostgresLog, year: int) -> None:
    new = event(timestamp=datetime(year, 12, 31, 23, 59, 59, 999999, UTC))
    await log.append(command(new))
    (found,) = (await log.streams(TENANT, [new.originator_id]))[new.originator_id]
    assert found.timestamp == new.timestamp


async def test_a_cancelled_caller_neither_loses_nor_doubles(log: PostgresLog, database: Database) -> None:
    commands = [command(event()) for _ in range(40)]
    tasks = [asyncio.create_task(log.append(append)) for append in commands]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    again = await asyncio.gather(*(log.append(append) for append in commands))
    assert all(isinstance(outcome, AppendReceipt) for outcome in again)
    assert all(isinstance(outcome, AppendReceipt) and outcome.repeated for outcome in again[1::2])
    await whole(database)


async def test_callers_wait_when_too_many_wait_already(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, seen, most = Queue.put, list[PendingAppend](), 0

    def counted(queue: Queue, waiting: PendingAppend) -> None:
        nonlocal most
        seen.append(waiting)
        most = max(most, sum(not pending.is_answered for pending in seen))
        put(queue, waiting)

    monkeypatch.setattr(Queue, "put", counted)
    appender = Appender(database, max_waiting=2)
    outcomes = await asyncio.gather(*(appender.append(command(event())) for _ in range(20)))
    assert all(isinstance(outcome, AppendReceipt) for outcome in outcomes)
    assert (len(seen), most) == (20, 2)
    await appender.close()


@pytest.mark.parametrize("bound", ["_MAX_BYTES", "_MAX_EVENTS"])
async def test_a_batch_has_a_bound(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(f"app.log.pending_append.{bound}", 1)
    queue = Queue()
    for _ in range(3):
        queue.put(PendingAppend(command(event()), Answers(1)))
    assert [len(queue.take()) for _ in range(4)] == [1, 1, 1, 0]


async def test_a_batch_survives_the_loss_of_its_connection(database: Database, owner: Connection) -> None:
    """The backend is thrown out again and again while commands are under way: each is stored once."""
    appender = Appender(database)
    commands = [command(event(), event()) for _ in range(400)]
    pending = iter(commands)

    async def caller() -> None:
        for append in pending:
            assert isinstance(await appender.append(append), AppendReceipt)

    callers = [asyncio.create_task(caller()) for _ in range(8)]
    cut = 0
    while cut < 10 and not all(task.done() for task in callers):
        cut += await owner.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and query like '%es.append%'"
        )
        await asyncio.sleep(0.005)
    await asyncio.gather(*callers)
    await appender.close()
    await whole(database)
    assert (
        await owner.fetchval(
            "select count(*) from es.commands where command_id = any($1)",
            [append.command_id for append in commands],
        )
        == 400
    )
