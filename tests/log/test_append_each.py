"""Appending several commands at once, each by itself."""

import asyncio
from collections.abc import Sequence

import pytest

from app.log.appender import Appender
from app.log.failures import LogUnavailable
from app.log.postgres import PostgresLog
from app.storage.database import Connection, Database
from domain.kit.log import AppendReceipt, Conflict, Envelope, Reused
from tests.log.appends import command, event, stored, whole


async def test_what_becomes_of_one_says_nothing_of_the_others(log: PostgresLog, database: Database) -> None:
    known = command(event())
    first = stored(await log.append(known))
    before = await log.head()
    same = command(event())
    moved = command(event(known.events[0].originator_id))
    outcomes = await log.append_each(
        [
            command(event()),
            known,
            command(event(payload=b'{"title": "\\u0000"}')),
            same,
            command(event(), command_id=known.command_id, content=b"other"),
            same,
            moved,
            command(event()),
        ]
    )
    receipts = [outcome for outcome in outcomes if isinstance(outcome, AppendReceipt)]
    assert [type(outcome) for outcome in outcomes] == [
        AppendReceipt, AppendReceipt, type(None), AppendReceipt, Reused, AppendReceipt, Conflict, AppendReceipt,
    ]  # fmt: skip
    assert [receipt.repeated for receipt in receipts] == [False, True, False, True, False]
    assert receipts[1].first == first.first
    assert receipts[2].first == receipts[3].first
    assert await whole(database) == before + 3


async def test_nothing_is_answered_by_nothing(log: PostgresLog) -> None:
    assert await log.append_each([]) == []
    assert await log.append_each([command(event(payload=b'{"a": "\\u0000"}'))]) == [None]


async def test_a_failure_of_one_is_raised_when_the_others_are_stored(database: Database) -> None:
    async def refuses(connection: Connection, envelopes: Sequence[Envelope]) -> None:
        if any(envelope.type == "work.task.cursed" for envelope in envelopes):
            raise ZeroDivisionError

    appender = Appender(database, inline=refuses)
    appends = [command(event()), command(event(type="work.task.cursed")), command(event())]
    with pytest.raises(ZeroDivisionError):
        await appender.append_each(appends)
    again = await appender.append_each([appends[0], appends[2]])
    assert all(isinstance(outcome, AppendReceipt) and outcome.repeated for outcome in again)
    await appender.close()
    await whole(database)


async def test_a_cancelled_caller_neither_loses_nor_doubles(log: PostgresLog, database: Database) -> None:
    appends = [command(event()) for _ in range(400)]
    async with asyncio.TaskGroup() as tasks:
        cancelled = tasks.create_task(log.append_each(appends))
        other = tasks.create_task(log.append_each([command(event()) for _ in range(400)]))
        await asyncio.sleep(0)
        cancelled.cancel()
    assert cancelled.cancelled()
    assert all(isinstance(outcome, AppendReceipt) for outcome in other.result())
    assert all(isinstance(outcome, AppendReceipt) for outcome in await log.append_each(appends))
    await whole(database)


async def test_several_with_the_same_commands_store_each_once(database: Database) -> None:
    appends = [command(event()) for _ in range(300)]
    appenders = [Appender(database) for _ in range(3)]
    answers = await asyncio.gather(*(appender.append_each(appends) for appender in appenders))
    for outcomes in zip(*answers, strict=True):
        receipts = [outcome for outcome in outcomes if isinstance(outcome, AppendReceipt)]
        assert len({receipt.first for receipt in receipts}) == 1
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True]
    for appender in appenders:
        await appender.close()
    await whole(database)


async def test_a_closed_appender_says_so(database: Database) -> None:
    appender = Appender(database)
    await appender.close()
    with pytest.raises(LogUnavailable):
        await appender.append_each([command(event())])
