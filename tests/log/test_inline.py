"""Inline views: folded in the append's transaction, all or nothing, and only the guilty command fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.log.appender import Appender
from app.log.reader import LogReader
from app.storage.database import Connection, Database
from domain.kit.log import AppendReceipt, Envelope
from tests.log.appends import command, event, stored, whole


class Refusing(Exception):
    pass


class Board:
    """An inline view: one row per event, but for those that it cannot fold."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def fold(self, connection: Connection, events: Sequence[Envelope]) -> None:
        self.batches.append([envelope.position for envelope in events])
        for envelope in events:
            if envelope.type == "work.task.broken":
                raise Refusing(str(envelope.originator_id))
        await connection.executemany(
            "insert into board values ($1, $2)", [(envelope.position, envelope.type) for envelope in events]
        )


@pytest.fixture(scope="module", autouse=True)
async def board_table(database: Database) -> None:
    owner = await database.owner()
    await owner.execute("create table board (position bigint primary key, type text)")
    await owner.execute("grant select, insert on board to headwater_writer")
    await owner.close()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
async def appender(database: Database, board: Board) -> AsyncIterator[Appender]:
    appender = Appender(database, inline=board.fold)
    yield appender
    await appender.close()


async def _agree(database: Database) -> None:
    head = await whole(database)
    rows = await database.writer.fetch("select position, type from board order by position")
    events = await LogReader(database).read(limit=head + 1)
    assert [tuple(row) for row in rows] == [(event.position, event.type) for event in events]


async def test_folds_what_is_appended(appender: Appender, board: Board, database: Database) -> None:
    outcomes = await asyncio.gather(*(appender.append(command(event(), event())) for _ in range(20)))
    positions = [position for batch in board.batches for position in batch]
    assert positions == sorted(positions)
    assert len(positions) == sum(stored(o).last - stored(o).first + 1 for o in outcomes) == 40
    await _agree(database)


async def test_a_refused_or_repeated_command_is_not_folded(appender: Appender, board: Board) -> None:
    append = command(event())
    await appender.append(append)
    board.batches.clear()
    await appender.append(append)
    await appender.append(command(event(version=7)))
    assert board.batches == []


async def test_a_failing_view_rolls_its_command_back(appender: Appender, database: Database) -> None:
    head = await LogReader(database).head()
    with pytest.raises(Refusing):
        await appender.append(command(event(), event(type="work.task.broken")))
    assert await LogReader(database).head() == head
    await _agree(database)


async def test_only_the_command_that_a_view_refuses_fails(appender: Appender, database: Database) -> None:
    batch = [command(event(), event()) for _ in range(16)]
    batch[5] = command(event(), event(type="work.task.broken"))
    batch[6] = command(event(type="work.task.broken"))
    outcomes = await asyncio.gather(*(appender.append(append) for append in batch), return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Refusing)] == [5, 6]
    assert sum(isinstance(outcome, AppendReceipt) for outcome in outcomes) == 14
    broken = batch[6].events[0].originator_id
    assert str(outcomes[6]) == str(broken)
    await _agree(database)


async def test_a_failing_statement_of_a_view_rolls_back_too(database: Database) -> None:
    async def fold(connection: Connection, events: Sequence[Envelope]) -> None:
        await connection.execute("insert into board values ($1, 'first')", events[0].position)
        await connection.execute("insert into board values ($1, 'again')", events[0].position)

    appender = Appender(database, inline=fold)
    outcomes = await asyncio.gather(
        *(appender.append(command(event())) for _ in range(3)), return_exceptions=True
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["UniqueViolationError"] * 3
    await appender.close()
    await _agree(database)


async def test_a_view_that_times_out_is_no_lost_server(database: Database) -> None:
    async def fold(connection: Connection, events: Sequence[Envelope]) -> None:
        raise TimeoutError

    appender = Appender(database, inline=fold)
    with pytest.raises(TimeoutError):
        await appender.append(command(event()))
    await appender.close()
    await _agree(database)


async def test_a_connection_lost_while_folding_is_made_good(database: Database, board: Board) -> None:
    cuts = iter([True, True])

    async def fold(connection: Connection, events: Sequence[Envelope]) -> None:
        await board.fold(connection, events)
        if next(cuts, False):
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")

    appender = Appender(database, inline=fold)
    outcomes = await asyncio.gather(*(appender.append(command(event())) for _ in range(5)))
    assert all(isinstance(outcome, AppendReceipt) for outcome in outcomes)
    await appender.close()
    await _agree(database)
