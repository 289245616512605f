"""After two years the audit goes, month by month; an anchor stays, and nothing brings the rows back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.audit.access_writer import recording
from app.audit.months import next_month
from app.audit.retention import ExpiredMonth, retain
from app.embedded.postgres import Postgres
from app.storage.database import Connection
from domain.kit.log import AppendReceipt
from projections.governance.activity import ActivityLog
from projections.kit.declare.retention import Retain
from projections.kit.follow.inline import Inline
from projections.kit.read.as_of import RowsAsOf
from projections.kit.rebuild.model import RebuildState
from projections.kit.repair.replay import Replay
from tests.audit.accesses import access
from tests.kit.servers import fresh_database
from tests.rebuild.rebuilding import House
from tests.views.place import CODEC, TENANT, Place, opened
from tests.views.toys import Jar

NOW = datetime(2026, 2, 28, 23, tzinfo=UTC)
OTHER = UUID(int=8)
VIEW = ActivityLog.name


def at(year: int, month: int, day: int = 1, hour: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


OLD = (at(2023, 12, 31, 23), at(2024, 1, 1), at(2024, 1, 31, 23))
KEPT = (at(2024, 2, 1), at(2024, 3, 1), at(2026, 2, 27))


@pytest.fixture
async def house(postgres: Postgres) -> AsyncIterator[House]:
    """The activity log, on a log of its own."""
    async with fresh_database(postgres) as url, opened(url) as place:
        house = House(place, (ActivityLog(),))
        await house.enroll()
        yield house


@asynccontextmanager
async def inlined(house: House) -> AsyncIterator[Place]:
    """The log that folds the view with each append, as in the product."""
    inline = Inline([ActivityLog()], CODEC, house.store)  # type: ignore[arg-type]
    log = type(house.place.log)(house.place.database, inline=inline)
    yield replace(house.place, log=log)
    await log.close()


async def happened(place: Place, *times: datetime, tenant: UUID = TENANT) -> None:
    """Something happens in a tenant at each of these times."""
    for time in times:
        command = place.command((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)), tenant=tenant)
        events = tuple(replace(event, timestamp=time) for event in command.events)
        assert isinstance(await place.log.append(replace(command, events=events)), AppendReceipt)


async def times(house: House, generation: int = 1) -> list[datetime]:
    """When the activities of a generation happened."""
    return sorted(row.created_at for row in (await house.all(house.views[0], generation)).values())


async def test_whole_months_go_and_nothing_younger_than_two_years(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD, *KEPT)
        await happened(place, OLD[0], tenant=OTHER)
    assert await retain(house.place.database, now=NOW) == [
        ExpiredMonth(VIEW, at(2023, 12), 2, 2),
        ExpiredMonth(VIEW, at(2024, 1), 2, 1),
    ]
    assert await times(house) == list(KEPT)
    assert await retain(house.place.database, now=NOW) == []
    assert await house.place.log.head() == 7


async def test_a_dry_run_says_the_same_and_does_nothing(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD, *KEPT)
    said = await retain(house.place.database, now=NOW, dry_run=True)
    assert await times(house) == [*OLD, *KEPT]
    assert await retain(house.place.database, now=NOW) == said


async def test_an_anchor_proves_what_a_month_had_held(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD)
    owner = await house.place.database.owner()
    copy = await owner.fetch(
        """select row_to_json(t)::text as row from audit_g1.activity_log t
            where created_at >= '2024-01-01Z' order by created_at, id"""
    )
    await retain(house.place.database, now=NOW)
    anchor = await owner.fetchrow("select * from audit.anchors where month = '2024-01-01'")
    assert anchor is not None
    lines = "".join(f"{record['row']}\n" for record in copy).encode()
    assert (anchor["rows"], anchor["first"], anchor["last"]) == (2, OLD[1], OLD[2])
    assert (anchor["tenant_id"], anchor["hash"]) == (TENANT, sha256(lines).digest())
    await owner.close()


async def test_a_rebuild_brings_nothing_back_and_finds_no_difference(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD, *KEPT)
        await retain(house.place.database, now=NOW)
        async with house.working():
            done = await house.ended(await house.rebuilds.ask([VIEW], by="test"))
            assert done.state is RebuildState.SWITCHED, done
            await house.followed()
    assert await times(house, 2) == list(KEPT)


async def test_a_replay_finds_no_difference_because_of_what_went(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD, *KEPT)
    await retain(house.place.database, now=NOW)
    view = house.views[0]
    assert (await Replay(view, house.store(view, 1), house.place.log, CODEC).diff()).differences == ()


async def test_an_event_that_says_an_old_time_leaves_no_activity(house: House) -> None:
    await retain(house.place.database, now=NOW)
    async with inlined(house) as place:
        await happened(place, OLD[0], KEPT[0])
    assert await times(house) == [KEPT[0]]


async def test_looking_back_shows_no_more_than_the_view_does(house: House) -> None:
    await happened(house.place, *OLD, *KEPT)

    class Then:
        """The clock of that day."""

        def now(self) -> datetime:
            return NOW

    head = await house.place.log.head()
    past = await RowsAsOf(house.place.log, CODEC, clock=Then()).all(ActivityLog, TENANT, head)
    assert sorted(row.created_at for row in past.rows.values()) == list(KEPT)


async def test_the_boundary_never_moves_back(house: House) -> None:
    async with inlined(house) as place:
        await retain(house.place.database, now=NOW)
        await retain(house.place.database, now=at(2020, 1))
        await happened(place, OLD[2])
    assert await times(house) == []


async def test_months_of_accesses_are_dropped_whole_and_anchored(house: House) -> None:
    database = house.place.database
    async with recording(database.writer) as writer:
        for time in (*OLD, *KEPT):
            writer.note(access(TENANT, at=time))
    assert await retain(database, now=NOW) == [
        ExpiredMonth("audit.data_access", at(2023, 12), 1, 1),
        ExpiredMonth("audit.data_access", at(2024, 1), 2, 1),
    ]
    owner = await database.owner()
    kept = await owner.fetch("select at from audit.data_access order by at")
    assert [row["at"] for row in kept] == list(KEPT)
    assert await owner.fetchval("select to_regclass('audit.data_access_2024_01')") is None
    with pytest.raises(asyncpg.RaiseError, match="no longer kept"):
        await owner.execute("select audit.make_month('2024-01-15')")
    assert await owner.fetchval("select sum(rows) from audit.anchors") == 3
    await owner.close()


async def test_the_months_ahead_are_made_before_they_begin(house: House) -> None:
    await retain(house.place.database, now=at(2040, 12, 15))
    owner = await house.place.database.owner()
    for month in ("2040_12", "2041_01", "2041_02"):
        assert await owner.fetchval("select to_regclass($1)", f"audit.data_access_{month}") is not None
    await owner.close()


async def test_only_one_process_at_a_time_lets_go(house: House) -> None:
    async with inlined(house) as place:
        await happened(place, *OLD)
    other: Connection = await house.place.database.owner()
    await other.execute("select pg_advisory_lock(7311902764009)")
    assert await retain(house.place.database, now=NOW) == []
    await other.close()
    assert len(await times(house)) == 3


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (at(2026, 3, 1), at(2024, 3)),
        (at(2026, 2, 28, 23), at(2024, 2)),
        (at(2028, 2, 29), at(2026, 2)),
    ],
)
def test_a_month_is_kept_until_all_of_it_is_two_years_old(now: datetime, since: datetime) -> None:
    assert Retain(years=2, by="at").boundary(now) == since


def test_december_is_followed_by_january() -> None:
    assert next_month(at(2025, 12)) == at(2026, 1)
    assert next_month(at(2026, 1)) == at(2026, 2)
