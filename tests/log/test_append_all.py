"""Appending several commands in one transaction: all of them or none."""

import asyncio
from uuid import uuid4

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.log import Append, AppendReceipt, Conflict, Missing, Reference, Taken
from tests.log.appends import TENANT, TOPIC, command, email, event, stored, whole


def _chain(length: int) -> list[Append]:
    """Commands of which each touches what the one before it did."""
    stream = uuid4()
    return [command(event(stream, version)) for version in range(1, length + 1)]


async def test_each_has_a_receipt_and_positions_stay_dense(log: PostgresLog, database: Database) -> None:
    before = await log.head()
    appends = [command(event(), event()), *_chain(3), command(event()), command()]
    receipts = [stored(outcome) for outcome in await log.append_all(appends)]
    assert [receipt.command_id for receipt in receipts] == [append.command_id for append in appends]
    assert [(receipt.first - before, receipt.last - before) for receipt in receipts] == [
        (1, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 6),
    ]  # fmt: skip
    assert await whole(database) == before + 6


async def test_one_may_refer_to_what_one_before_it_begins(log: PostgresLog) -> None:
    project = uuid4()
    appends = [
        command(event(project, topic="work.project")),
        command(event(), references=[Reference("project_id", "work.project", project)]),
    ]
    assert all(isinstance(outcome, AppendReceipt) for outcome in await log.append_all(appends))


async def test_one_may_take_what_one_before_it_releases(log: PostgresLog) -> None:
    holder, next_holder = uuid4(), uuid4()
    held = email(holder.hex, holder)
    await log.append(command(event(holder), reserves=[held]))
    appends = [
        command(event(holder, 2), releases=[held]),
        command(event(next_holder), reserves=[email(holder.hex, next_holder)]),
    ]
    assert all(isinstance(outcome, AppendReceipt) for outcome in await log.append_all(appends))


async def test_nothing_is_stored_if_one_cannot_be(log: PostgresLog, database: Database) -> None:
    taken, holder = uuid4(), uuid4()
    await log.append(command(event(taken), reserves=[email(taken.hex, taken)]))
    before = await log.head()
    for last, failure in (
        (command(event(taken)), Conflict),
        (command(event(holder), reserves=[email(taken.hex, holder)]), Taken),
        (command(event(), references=[Reference("task_id", TOPIC, uuid4())]), Missing),
    ):
        first = command(event(), reserves=[email(uuid4().hex, holder)])
        outcomes = await log.append_all([first, *_chain(2), last])
        assert isinstance(outcomes[-1], failure)
        assert await log.receipts(TENANT, [first.command_id, last.command_id]) == {}
    assert await whole(database) == before


async def test_sent_again_each_has_the_receipt_it_had(log: PostgresLog) -> None:
    appends = _chain(3)
    receipts = [stored(outcome) for outcome in await log.append_all(appends)]
    again = await log.append_all(appends)
    assert [(outcome.last, outcome.repeated) for outcome in again if isinstance(outcome, AppendReceipt)] == [
        (receipt.last, True) for receipt in receipts
    ]


async def test_they_do_not_wait_for_each_other_for_ever(log: PostgresLog, database: Database) -> None:
    chains = [_chain(4) for _ in range(10)]
    single = [log.append(command(event())) for _ in range(20)]
    outcomes = await asyncio.gather(*(log.append_all(chain) for chain in chains), *single)
    assert len(outcomes) == 30
    assert await whole(database) == await log.head()
