"""Processes that a page concerns load and save together, and none meets another's failure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from app.processes.lease import Lease, enroll
from app.processes.shared_reactions import Loaded, SharedReactions
from app.processes.store import ProcessStore
from app.processes.unit_of_work import Cause, Key, LedgerEntry, StoredState, Timer, UnitOfWork
from app.storage.database import Database
from domain.kit.process.process import Process
from projections.kit.store.store import LeaseLost
from tests.kit.processes import until
from tests.log.appends import TENANT, event
from tests.processes.outside import Outside
from tests.processes.toys import GiveBack, Thanked, Thanks
from tests.processes.working import NOON


class Calm(GiveBack, name="toys.calm", version=1):
    """The same under another name."""


class Busy(GiveBack, name="toys.busy", version=1):
    """And again."""


@dataclass
class Passing:
    """Stands for a worker that has read up to a position."""

    lease: Lease
    position: int
    saved: int = 0


ONE: Key = (TENANT, "one")
NEW = event()
ORIGIN = Cause(
    tenant_id=TENANT,
    instance="one",
    cause=NEW.event_id,
    event_id=NEW.event_id,
    position=1,
    correlation_id="a request",
)


class Store(ProcessStore):
    """The store of a process whose lease has the first token."""

    def __init__(
        self, process: Process[Any], shared: SharedReactions, database: Database, token: int = 0
    ) -> None:
        super().__init__(database.writer, process, Lease(process.name, 1, token, 0), shared)
        self.process = process
        self.loaded: Loaded | None = None

    async def at(self, position: int, total: int, **changes: Any) -> UnitOfWork:
        """React to one event so that the state has this total."""

        def reaction(loaded: Loaded) -> UnitOfWork:
            self.loaded = loaded
            state = None if total < 0 else Thanked(total)
            return UnitOfWork(self.process, NOON, loaded[0], states={ONE: state}, **changes)

        return await self.react([ONE], reaction, after=position - 1, until=position)


@pytest.fixture
async def shared(database: Database) -> SharedReactions:
    return SharedReactions(database.writer, database.writer)


@pytest.fixture
async def stores(database: Database, shared: SharedReactions) -> Sequence[Store]:
    processes = (Thanks(Outside()), GiveBack())
    for process in processes:
        await enroll(database.writer, process)
    return [Store(process, shared, database) for process in processes]


def _entry(key: str) -> LedgerEntry:
    return LedgerEntry(origin=ORIGIN, key=key, kind="event", name="Paid", payload=b"{}", next_at=NOON)


def _timer(name: str) -> Timer:
    return Timer(id=NEW.event_id, origin=ORIGIN, name=name, due_at=NOON)


# Rows of any query, hence Any.
async def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.writer.fetch(query)]


async def _waited_for(database: Database) -> bool:
    waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%moved_at%'"
    return bool(await _rows(database, waiting))


async def _written(database: Database) -> int:
    query = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    return int(await database.writer.fetchval(query))


async def test_reactions_of_one_turn_are_one_commit_and_each_finds_its_own(
    stores: Sequence[Store], database: Database
) -> None:
    thanks, back = stores
    before = await _written(database)
    timers = {(ONE, name): _timer(name) for name in ("first", "second", "third")}
    await asyncio.gather(thanks.at(1, 10, timers=timers), back.at(1, 20, entries=[_entry("b"), _entry("a")]))
    assert await _written(database) - before == 1
    # Timers from before are void, but for what is set again; what is taken back is ended where it stands.
    ended = thanks.at(2, -1, ended={ONE}, timers={(ONE, "second"): None, (ONE, "third"): _timer("third")})
    await asyncio.gather(ended, back.at(2, 30, withdrawn={(ONE, "event", "Paid")}))
    assert thanks.loaded == ({ONE: StoredState(1, '{"total": 10, "thanked": 0, "failures": []}')}, set())
    assert back.loaded is not None
    assert back.loaded[1] == {ONE}
    assert await _rows(database, "select process, name from processes.timers") == [("toys.thanks", "third")]
    assert await _rows(database, "select process from processes.instances") == [("toys.give_back",)]
    ledger = await _rows(database, "select process, key, status from processes.ledger order by id")
    assert ledger == [("toys.give_back", key, "withdrawn") for key in ("b", "a")]
    assert await _rows(database, "select position from processes.lanes") == [(2,), (2,)]


async def test_whose_rows_are_refused_or_whose_lease_is_lost_is_alone_in_that(
    stores: Sequence[Store], shared: SharedReactions, database: Database
) -> None:
    thanks, back = stores
    late = Store(thanks.process, shared, database, token=-1)
    said = await asyncio.gather(late.at(1, 1), back.at(1, 1), return_exceptions=True)
    assert [type(answer) for answer in said] == [LeaseLost, UnitOfWork]
    twice = [_entry("a"), _entry("a")]
    said = await asyncio.gather(thanks.at(1, 1, entries=twice), back.at(2, 1), return_exceptions=True)
    assert [type(answer) for answer in said] == [asyncpg.UniqueViolationError, UnitOfWork]
    lanes = "select process, position from processes.lanes order by 1"
    assert await _rows(database, lanes) == [("toys.give_back", 2), ("toys.thanks", 0)]
    await thanks.at(1, 1)


async def test_who_does_not_know_whether_they_wrote_waits_before_they_load(
    stores: Sequence[Store], database: Database
) -> None:
    thanks, _ = stores
    with pytest.raises(ConnectionError):
        async with thanks.transaction():
            raise ConnectionError
    session = await database.connect()
    transaction = session.transaction()
    await transaction.start()
    await session.execute("select from processes.lanes where process = 'toys.thanks' for update")
    await session.execute(
        "insert into processes.instances (tenant_id, process, instance, version, state) "
        "values ($1, 'toys.thanks', 'one', 1, '{}')",
        TENANT,
    )
    reacting = asyncio.create_task(thanks.at(1, 1))
    waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"

    async def waits() -> bool:
        return bool(await _rows(database, waiting))

    await until(waits)
    await transaction.commit()
    await session.close()
    await reacting
    assert thanks.loaded == ({ONE: StoredState(1, "{}")}, set())


async def test_nobody_loads_before_a_save_has_ended_that_nobody_waits_for_any_more(
    stores: Sequence[Store], database: Database
) -> None:
    thanks, back = stores
    loaded: list[StoredState] = []

    async def load() -> None:
        async with thanks.transaction() as connection:
            loaded.extend((await thanks.states(connection, [ONE])).values())

    async with database.writer.acquire() as other, other.transaction():
        await other.execute("select from processes.lanes where process = 'toys.give_back' for update")
        saving, beside = asyncio.create_task(thanks.at(1, 10)), asyncio.create_task(back.at(1, 20))
        await until(lambda: _waited_for(database))
        saving.cancel()
        loading = asyncio.create_task(load())
        await asyncio.sleep(0.1)
        assert not loading.done()
    await asyncio.gather(loading, beside)
    assert saving.cancelled()
    assert loaded == [StoredState(1, '{"total": 10, "thanked": 0, "failures": []}')]


async def test_what_writes_next_says_up_to_where_events_changed_nothing(
    stores: Sequence[Store], database: Database
) -> None:
    thanks, _ = stores
    await thanks.react([ONE], lambda loaded: UnitOfWork(thanks.process, NOON, loaded[0]), after=0, until=5)
    lane = "select position from processes.lanes where process = 'toys.thanks'"
    assert await _rows(database, lane) == [(0,)]
    async with thanks.transaction() as connection:
        states = {ONE: Thanked(1)}
        await thanks.save(connection, UnitOfWork(thanks.process, NOON, {}, states=states))
    assert await _rows(database, lane) == [(5,)]
    await thanks.at(6, 2)
    assert await _rows(database, lane) == [(6,)]


async def test_a_save_takes_along_the_processes_that_do_not_react(database: Database) -> None:
    declared = (Thanks(Outside()), GiveBack(), Calm(), Busy())
    for process in declared:
        await enroll(database.writer, process)
    shared = SharedReactions(database.writer, database.writer)
    saving, free, late, locked = [Store(process, shared, database) for process in declared]
    passing = {
        store.process.name: Passing(Lease(store.process.name, 1, token, 0), position=7)
        for store, token in ((saving, 0), (free, 0), (late, 1), (locked, 0))
    }
    shared.passing = lambda: passing
    async with database.writer.acquire() as holder, holder.transaction():
        await holder.execute("select from processes.lanes where process = $1 for update", locked.process.name)
        # Counted is up to the last that has ended, and that of the holder has not.
        await database.writer.execute("select pg_current_xact_id()")
        before = await _written(database)
        await saving.at(5, 10)
        assert await _written(database) - before == 1
    positions = dict(await _rows(database, "select process, position from processes.lanes"))
    stores = (saving, free, late, locked)
    # Whoever saves goes where it saves to; a lease that another holds, and a lane that is locked, are left alone.
    assert [positions[store.process.name] for store in stores] == [5, 7, 0, 0]
    assert [passing[store.process.name].saved for store in stores] == [0, 7, 0, 0]
