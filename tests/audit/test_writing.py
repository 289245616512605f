"""Accesses are written in batches, all of them, whatever the database does meanwhile."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from api.kit.schema.access_log import AccessNotRecorded
from app.audit.access_writer import AccessWriter, recording
from app.storage.database import Connection, Database
from projections.governance.accesses import Accesses, AccessFilter
from tests.audit.accesses import NOW, access
from tests.audit.conftest import blocked
from tests.kit.processes import until

ALL = AccessFilter()


async def test_what_is_noted_is_read_back_field_for_field(database: Database) -> None:
    noted = access(subjects=(uuid4(), uuid4()), revealed=("User.email",), outcome="refused")
    async with recording(database.writer) as writer:
        writer.note(noted)
    (row,) = await Accesses(database).page(noted.tenant_id, ALL, limit=10)
    assert {name: getattr(row, name) for name in noted.__slots__ if name != "tenant_id"} == {
        name: getattr(noted, name) for name in noted.__slots__ if name != "tenant_id"
    }


async def test_all_that_was_noted_is_there_once_after_the_end(database: Database) -> None:
    tenant = uuid4()
    async with recording(database.writer) as writer:
        for number in range(3_210):
            writer.note(access(tenant, operation=f"N{number}"))
            if number % 100 == 0:
                await asyncio.sleep(0)
    rows = await Accesses(database).page(tenant, ALL, limit=10_000)
    assert sorted(row.operation for row in rows) == sorted(f"N{number}" for number in range(3_210))


_CUT = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
 where datname = current_database() and usename <> current_user and state = 'active'
"""


async def test_all_is_there_though_connections_end_while_they_are_used(
    database: Database, database_url: str
) -> None:
    """However they end: the driver has a word of its own for a farewell that comes while it is busy."""
    tenant, cut, noted = uuid4(), 0, set[str]()
    owner = await asyncpg.connect(database_url)
    async with recording(database.writer) as writer:
        while cut < 10:
            if len(noted) < 5_000:
                noted.add(operation := f"N{len(noted)}")
                writer.note(access(tenant, operation=operation))
            cut += await owner.fetchval(_CUT)
        await until(lambda: not writer.waiting)
    await owner.close()
    rows = await Accesses(database).page(tenant, ALL, limit=100_000)
    assert {row.operation for row in rows} == noted


async def test_pages_go_on_where_the_last_one_ended(database: Database) -> None:
    tenant, reader = uuid4(), Accesses(database)
    async with recording(database.writer) as writer:
        for number in range(5):
            writer.note(access(tenant, operation=f"N{number}"))
    seen: list[str] = []
    place = None
    for _ in range(3):
        page = await reader.page(tenant, ALL, limit=2, before=place)
        seen += [row.operation for row in page]
        place = (page[-1].at, page[-1].id)
    assert seen == ["N4", "N3", "N2", "N1", "N0"]


async def test_accesses_are_found_by_person_subject_and_time(database: Database) -> None:
    tenant, ada, eve = uuid4(), uuid4(), uuid4()
    later = NOW.replace(hour=13)
    async with recording(database.writer) as writer:
        writer.note(access(tenant, operation="A", user_id=ada))
        writer.note(access(tenant, operation="B", user_id=eve, subjects=(ada,)))
        writer.note(access(tenant, operation="C", user_id=eve, at=later))

    async def found(**wanted: object) -> str:
        rows = await Accesses(database).page(tenant, AccessFilter(**wanted), limit=9)  # type: ignore[arg-type]
        return "".join(row.operation for row in rows)

    assert await found(user_id=eve) == "CB"
    assert await found(subject_id=ada) == "B"
    assert await found(since=later) == "C"
    assert await found(until=later, user_id=ada) == "A"


async def test_a_tenant_sees_its_own_accesses_only_and_nobody_without_a_tenant_any(
    database: Database,
) -> None:
    mine, other = uuid4(), uuid4()
    async with recording(database.writer) as writer:
        writer.note(access(mine))
        writer.note(access(other))
    async with database.reading(mine) as connection:
        seen = await connection.fetch("select tenant_id from audit.data_access")
        assert {row["tenant_id"] for row in seen} == {mine}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            # A month's own table has no rights of its own.
            await connection.fetch("select * from audit.data_access_2026_03")
        await connection.execute("select set_config('headwater.tenant', '', false)")
        assert await connection.fetch("select * from audit.data_access") == []
        await connection.execute("select set_config('headwater.tenant', $1, false)", str(mine))


@pytest.mark.parametrize(
    "statement",
    [
        "update audit.data_access set operation = ''",
        "delete from audit.data_access",
        "truncate audit.data_access",
        "update audit.data_access_2026_03 set operation = ''",
        "delete from audit.data_access_2026_03",
    ],
)
async def test_what_is_on_record_cannot_be_changed_by_the_owner_either(
    database: Database, owner: Connection, statement: str
) -> None:
    async with recording(database.writer) as writer:
        writer.note(access())
    for role in (owner, database.writer):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(statement)


async def test_a_month_without_a_table_gets_one(database: Database, owner: Connection) -> None:
    tenant = uuid4()
    months = [datetime(2031, 12, 31, 23, 59, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)]
    async with recording(database.writer) as writer:
        for at in months:
            writer.note(access(tenant, at=at))
    assert len(await Accesses(database).page(tenant, ALL, limit=9)) == 2
    assert await owner.fetchval("select count(*) from audit.data_access_2031_12") == 1
    assert await owner.fetchval("select count(*) from audit.data_access_2032_01") == 1


async def test_one_that_fits_no_column_does_not_hold_up_the_others(database: Database) -> None:
    tenant = uuid4()
    async with recording(database.writer) as writer:
        for name in ("A", "nul\0", "B"):
            writer.note(access(tenant, operation=name))
    rows = await Accesses(database).page(tenant, ALL, limit=9)
    assert [row.operation for row in rows] == ["B", "A"]


async def test_readers_are_held_back_when_too_much_waits_and_nothing_is_lost(
    database: Database, owner: Connection
) -> None:
    tenant = uuid4()
    writer = AccessWriter(database.writer, pause=0.001, rows=2, enough=4, patience=0.01)
    running = asyncio.create_task(writer.run())
    async with blocked(owner, "audit.data_access"):
        for _ in range(4):
            await writer.ready()
            writer.note(access(tenant))
        with pytest.raises(AccessNotRecorded):
            await writer.ready()
    await writer.close()
    await running
    await writer.ready()
    assert len(await Accesses(database).page(tenant, ALL, limit=9)) == 4


async def test_a_lost_connection_loses_nothing(database: Database, owner: Connection) -> None:
    tenant = uuid4()
    writer = AccessWriter(database.writer, pause=0.001)
    running = asyncio.create_task(writer.run())
    async with blocked(owner, "audit.data_access"):
        writer.note(access(tenant))
        ended = 0
        while not ended:
            ended = await owner.fetchval(
                """select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'"""
            )
    await writer.close()
    await running
    assert len(await Accesses(database).page(tenant, ALL, limit=9)) == 1
