"""Views in partitions: what is made ahead, what goes, and that nothing brings it back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from app.embedded.postgres import Postgres
from app.storage.database import Connection
from projections.kit.declare.partitions import Span
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import RowChanges, View
from projections.kit.read.as_of import RowsAsOf
from projections.kit.rebuild.model import RebuildState
from projections.kit.repair.replay import Replay
from projections.kit.store.partitions import arrange
from projections.kit.store.store import Checkpoint
from tests.kit.servers import fresh_database
from tests.rebuild.rebuilding import House
from tests.views.fillings import (
    DAY,
    NOW,
    OTHER,
    TODAY,
    DailyAmounts,
    FilledRow,
    Fillings,
    Names,
    filled,
    named,
    others,
    parts,
)
from tests.views.place import CODEC, TENANT, opened


@pytest.fixture
async def house(postgres: Postgres) -> AsyncIterator[House]:
    """Three views with partitions, on a log of their own."""
    async with fresh_database(postgres) as url, opened(url) as place:
        yield House(place, (Fillings(), DailyAmounts(), Names()))


@pytest.fixture
async def owner(house: House) -> AsyncIterator[Connection]:
    connection = await house.place.database.owner()
    yield connection
    await connection.close()


async def times(house: House, generation: int = 1) -> list[datetime]:
    """When the jars of a generation were filled."""
    return sorted(row.filled_at for row in (await house.all(house.views[0], generation)).values())


async def followed(house: House) -> None:
    async with house.working(rebuilding=False):
        await house.followed()


async def arranged(house: House, owner: Connection, now: datetime = NOW, generation: int = 1) -> list[str]:
    return [
        name
        for view in house.views
        if isinstance(view, PostgresView)
        for name in await arrange(owner, type(view), generation, now=now)
    ]


async def test_partitions_are_made_ahead_and_hold_what_happens_then(house: House, owner: Connection) -> None:
    await house.enroll()
    assert await parts(owner) == named(0, 1, 2, 3)
    await filled(house.place, NOW, NOW + DAY, NOW + 3 * DAY)
    await followed(house)
    assert await others(owner) == 0
    assert await times(house) == [NOW, NOW + DAY, NOW + 3 * DAY]


async def test_days_go_whole_once_they_are_too_old(house: House, owner: Connection) -> None:
    await house.enroll()
    oldest, kept = TODAY - 10 * DAY - timedelta(microseconds=1), TODAY - 10 * DAY
    await filled(house.place, oldest, tenant=OTHER)
    await filled(house.place, oldest, kept, NOW)
    await followed(house)
    assert await times(house) == [oldest, oldest, kept, NOW]
    assert await arranged(house, owner) == []
    assert await times(house) == [kept, NOW]
    assert await others(owner) == 0
    assert await parts(owner) == named(*range(-10, 4))
    await filled(house.place, NOW + DAY)
    await followed(house)
    assert await arranged(house, owner, NOW + DAY) == [f'"toys_g1"."fillings_{named(-10)[0]}"']
    assert await times(house) == [NOW, NOW + DAY]
    assert await house.place.log.head() == 5


async def test_a_late_event_leaves_no_row(house: House, owner: Connection) -> None:
    await filled(house.place, NOW)
    await house.enroll()
    await filled(house.place, NOW - 11 * DAY, datetime(1970, 1, 1, tzinfo=UTC))
    await followed(house)
    assert await times(house) == [NOW]


async def test_rows_of_odd_times_are_kept_apart_and_move_when_their_day_is_near(
    house: House, owner: Connection
) -> None:
    await house.enroll()
    far = [NOW + 5 * DAY, datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), datetime(9998, 12, 31, 23, tzinfo=UTC)]
    await filled(house.place, *far, NOW)
    await followed(house)
    assert await times(house) == [NOW, *far]
    assert await others(owner) == 3
    await filled(house.place, NOW + 3 * DAY)
    await arranged(house, owner, NOW + 3 * DAY)
    assert await others(owner) == 2
    assert await times(house) == [NOW, *far]
    assert named(5)[0] in await parts(owner)


async def test_a_clock_that_is_ahead_of_the_log_is_not_believed(house: House, owner: Connection) -> None:
    await house.enroll()
    await filled(house.place, NOW - 9 * DAY, NOW)
    await followed(house)
    await arranged(house, owner, NOW.replace(year=NOW.year + 1))
    assert await times(house) == [NOW - 9 * DAY, NOW]
    assert len(await parts(owner)) < 20


async def test_a_wrong_clock_that_stamped_events_too_takes_a_day_and_no_more(
    house: House, owner: Connection
) -> None:
    await house.enroll()
    await filled(house.place, NOW - 10 * DAY, NOW - 9 * DAY, NOW)
    await followed(house)
    await arranged(house, owner)
    wrong = NOW.replace(year=NOW.year + 1)
    await filled(house.place, wrong)
    await arranged(house, owner, wrong)
    await followed(house)
    assert await times(house) == [NOW - 9 * DAY, NOW, wrong]


async def test_a_clock_that_was_set_back_makes_and_drops_nothing(house: House, owner: Connection) -> None:
    await house.enroll()
    await filled(house.place, NOW)
    await arranged(house, owner)
    before = await parts(owner)
    assert await arranged(house, owner, NOW.replace(year=NOW.year - 3)) == []
    assert await parts(owner) == before
    await filled(house.place, NOW - 11 * DAY)
    await followed(house)
    assert await times(house) == [NOW]


async def test_a_rebuild_at_the_horizon_brings_nothing_back_and_finds_no_difference(
    house: House, owner: Connection
) -> None:
    await house.enroll()
    await filled(house.place, NOW - 12 * DAY, NOW - 10 * DAY, NOW - 3 * DAY, NOW)
    async with house.working():
        await house.followed()
        await arranged(house, owner)
        asked = await house.rebuilds.ask([view.name for view in house.views], by="test")
        done = await house.ended(asked)
        assert done.state is RebuildState.SWITCHED, done
        await house.followed()
        assert await times(house, 2) == [NOW - 10 * DAY, NOW - 3 * DAY, NOW]
        assert await others(owner, "toys_g2.fillings") == 0


async def test_a_new_generation_has_the_partitions_of_what_the_log_holds(
    house: House, owner: Connection
) -> None:
    await filled(house.place, NOW - 12 * DAY, NOW - 2 * DAY, NOW)
    await house.enroll()
    assert await parts(owner) == named(*range(-10, 4))
    await followed(house)
    assert await times(house) == [NOW - 2 * DAY, NOW]
    assert await others(owner) == 0


async def test_rows_that_are_too_old_are_no_difference_before_they_are_dropped(
    house: House, owner: Connection
) -> None:
    await house.enroll()
    await filled(house.place, NOW - 11 * DAY, NOW)
    await followed(house)
    view = house.views[0]
    assert len(await differences(house, view)) == 0
    await owner.execute(
        "insert into audit.retention (log, since) values ('toys.fillings', $1)", TODAY - 10 * DAY
    )
    assert (await house.stores[view.name, 1, 1].count()) == 1
    assert len(await differences(house, view)) == 0


async def differences(house: House, view: View[FilledRow]) -> list[object]:
    diff = await Replay(view, house.store(view, 1), house.place.log, CODEC).diff()
    return list(diff.differences)


async def test_months_of_dates(house: House, owner: Connection) -> None:
    await house.enroll()
    old, kept = Span.MONTH.begin(NOW - 60 * DAY) - DAY, Span.MONTH.begin(NOW - 60 * DAY)
    await filled(house.place, old, kept, kept, NOW)
    await followed(house)
    await arranged(house, owner)
    rows = (await house.all(house.views[1], 1)).values()
    assert {row.day: row.amount for row in rows} == {kept.date(): 2, NOW.date(): 1}
    table = "toys_g1.daily_amounts"
    assert (await parts(owner, table))[0] == f"{kept:%Y_%m}"
    assert await others(owner, table) == 0


async def test_parts_by_hash_hold_every_row_once(house: House, owner: Connection) -> None:
    await house.enroll()
    for name in "abcdefgh":
        await filled(house.place, NOW, name=name)
    await followed(house)
    assert len(await parts(owner, "toys_g1.filled_names")) == 4
    assert sorted(row.name for row in (await house.all(house.views[2], 1)).values()) == list("abcdefgh")


async def test_many_rows_at_once_and_a_row_again(house: House) -> None:
    await house.enroll()
    store = house.store(house.views[0], 1)
    changes: RowChanges[FilledRow] = RowChanges()
    for number in range(3_000):
        row = FilledRow(id=uuid4(), name=str(number), filled_at=NOW - (number % 5) * DAY)
        changes[TENANT, (row.id,)] = row
        changes.positions[TENANT, (row.id,)] = 1
    for position in (1, 2):
        await store.save(changes, Checkpoint(position, position, 9))
    assert await store.count() == 3_000
    full = next(iter(changes))
    assert await store.load([full]) == {full: changes[full]}


async def test_nobody_waits_long_for_who_uses_the_table(house: House, owner: Connection) -> None:
    await house.enroll()
    await filled(house.place, NOW - 10 * DAY, NOW)
    await followed(house)
    await arranged(house, owner)
    await filled(house.place, NOW + DAY)
    reader = await house.place.database.owner()
    async with reader.transaction():
        await reader.fetch("select * from toys_g1.fillings")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await arranged(house, owner, NOW + DAY)
    await reader.close()
    assert len(await arranged(house, owner, NOW + DAY)) == 1


async def test_looking_back_shows_no_more_than_the_view_does(house: House) -> None:
    await filled(house.place, NOW - 11 * DAY, NOW)

    class Then:
        """The clock of that day."""

        def now(self) -> datetime:
            return NOW

    log = house.place.log
    head = await log.head()
    jars = [(event.originator_id,) for event in await log.read(after=0, until=head, limit=head)]
    past = RowsAsOf(log, CODEC, clock=Then())
    of_all, of_each = await past.all(Fillings, TENANT, head), await past.rows(Fillings, TENANT, jars, head)
    assert of_all.rows == of_each
    assert [row.filled_at for row in of_each.values()] == [NOW]


async def test_a_partition_is_read_through_its_table_alone(house: House, owner: Connection) -> None:
    await house.enroll()
    await filled(house.place, NOW)
    await followed(house)
    async with house.place.database.writer.acquire() as writer:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await writer.fetch(f"select * from toys_g1.fillings_{named(0)[0]}")
    guarded = await owner.fetchval(
        """select bool_and(relrowsecurity and relforcerowsecurity) from pg_class
            where relname ~ '^(fillings|daily_amounts|filled_names)_' and relkind = 'r'"""
    )
    assert guarded
