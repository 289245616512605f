"""A command of one event that travels alone is judged and stored as it is in a batch."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from app.log.appender import Appender
from app.log.batch import APPEND, Batch, PreparedAppend
from app.log.postgres import PostgresLog
from app.log.single import APPEND_ONE, Single
from app.storage.database import Database
from domain.kit.log import Append, AppendReceipt, Guard, Reference
from tests.log.appends import OTHER, TENANT, command, email, event, stored, whole

Build = Callable[[UUID, UUID], Append]
"""What is appended after a stream's first event: given the stream's id, and the first command's."""

_AFTER: dict[str, Build] = {
    "next": lambda stream, _: command(event(stream, 2)),
    "end": lambda stream, _: command(event(stream, 2, ends=True)),
    "another stream": lambda *_: command(event()),
    "same command": lambda stream, first: command(event(stream), command_id=first),
    "other content": lambda _, first: command(event(), command_id=first, content=b"other"),
    "another tenant's command id": lambda _, first: command(event(), tenant=OTHER, command_id=first),
    "behind": lambda stream, _: command(event(stream, 1)),
    "ahead": lambda stream, _: command(event(stream, 3)),
    "ahead of nothing": lambda *_: command(event(version=2)),
    "another topic": lambda stream, _: command(event(stream, 2, topic="work.project")),
}
_STREAM = (
    "select version, ended, topic, last - first as span from es.streams"
    " where tenant_id = $1 and originator_id = $2"
)


@pytest.mark.parametrize("build", _AFTER.values(), ids=_AFTER)
@pytest.mark.parametrize("ended", [False, True])
async def test_is_judged_as_in_a_batch(
    log: PostgresLog, database: Database, build: Build, ended: bool
) -> None:
    answers: list[tuple[object, ...]] = []
    for alone in (True, False):
        stream, before = uuid4(), await log.head()
        first = command(event(stream, ends=ended))
        stored(await log.append(first))
        append = build(stream, first.command_id)
        prepared = PreparedAppend(append)
        assert prepared.plain
        batch = Single(append) if alone else Batch([prepared])
        row = await database.writer.fetchrow(batch.statement, before, *batch.arguments)
        assert row is not None
        (outcome,), head = batch.outcomes(row)
        assert head <= await whole(database)
        seen = (
            (outcome.first - before, outcome.last - before, outcome.repeated)
            if isinstance(outcome, AppendReceipt)
            else type(outcome)
        )
        rows = await database.writer.fetch(_STREAM, append.tenant_id, append.events[0].originator_id)
        answers.append((seen, await log.head() - before, [tuple(row) for row in rows]))
    assert answers[0] == answers[1]


async def test_only_one_event_and_nothing_else_travels_so() -> None:
    id = uuid4()
    for append in (
        command(),
        command(event(), event()),
        command(event(), guards=[Guard(id, 1)]),
        command(event(), references=[Reference("field", "work.task", id)]),
        command(event(id), reserves=[email("a@example.com", id)]),
        command(event(id), releases=[email("a@example.com", id)]),
    ):
        assert not PreparedAppend(append).plain
    assert PreparedAppend(command(event())).plain


@pytest.mark.parametrize("statement", [APPEND, APPEND_ONE])
async def test_refuses_to_append_where_it_would_not_see_what_was_committed(
    database: Database, statement: str
) -> None:
    append = command(event())
    batch = Single(append) if statement is APPEND_ONE else Batch([PreparedAppend(append)])
    async with database.writer.acquire() as connection:
        with pytest.raises(Exception, match="needs read committed"):
            async with connection.transaction(isolation="repeatable_read"):
                await connection.fetchrow(batch.statement, 0, *batch.arguments)


async def test_notices_that_the_log_lost_its_end(database: Database) -> None:
    single = Single(command(event()))
    with pytest.raises(Exception, match="does not reach position"):
        await database.writer.fetchrow(single.statement, 2**40, *single.arguments)


async def test_closing_answers_everybody(database: Database) -> None:
    appender = Appender(database)
    callers = [asyncio.create_task(appender.append(command(event()))) for _ in range(100)]
    await asyncio.sleep(0)
    await appender.close()
    assert len({stored(await caller).last for caller in callers}) == 100


async def test_the_server_works_while_callers_do(database: Database) -> None:
    """Callers that all come back at once would leave the server idle while they work, and wait while it does."""
    appender = Appender(database)
    streams = [uuid4() for _ in range(20)]
    standing = dict.fromkeys(streams, 0)

    async def caller(stream: UUID) -> None:
        for version in range(1, 11):
            stored(await appender.append(command(event(stream, version))))
            standing[stream] = version

    spread = 0
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(caller(stream)) for stream in streams]
        while not all(task.done() for task in callers):
            spread = max(spread, len(set(standing.values())))
            await asyncio.sleep(0)
    await appender.close()
    # In step, each of them would stand where the others stand whenever somebody looks.
    assert spread > 1
    assert (
        await database.writer.fetchval(
            "select count(*) from es.events where tenant_id = $1 and originator_id = any($2)", TENANT, streams
        )
        == 200
    )
