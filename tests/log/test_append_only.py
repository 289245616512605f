"""The database itself keeps the log append-only and tenants apart, whoever asks."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.log.postgres import PostgresLog
from app.storage.database import READER, WRITER, Connection, Database, role_url
from domain.kit.log import StoredSnapshot
from tests.kit.servers import SECRET
from tests.log.appends import NOON, OTHER, TENANT, TOPIC, command, event, stored

CHANGES = ["update es.events set source = 'x'", "delete from es.events", "truncate es.events"]
PLACES = ["es.events", "es.events_from_1", "es.events_from_1000001"]
REFUSED = asyncpg.InsufficientPrivilegeError


@pytest.fixture(scope="module", autouse=True)
async def event_stored(log: PostgresLog, database: Database) -> None:
    stored(await log.append(command(event())))
    assert await database.writer.fetchval("select es.prepare()") == 2_000_000


@pytest.fixture
async def reader(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(role_url(database_url, READER, SECRET))
    yield connection
    await connection.close()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("change", CHANGES)
async def test_the_owner_cannot_change_an_event(owner: Connection, change: str, place: str) -> None:
    with pytest.raises(REFUSED, match="append-only"):
        await owner.execute(change.replace("es.events", place))


async def test_the_owner_cannot_change_an_event_as_a_replica(owner: Connection) -> None:
    await owner.execute("set session_replication_role = replica")
    with pytest.raises(REFUSED, match="append-only"):
        await owner.execute("delete from es.events")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", [READER, WRITER])
@pytest.mark.parametrize("change", [*CHANGES, "insert into es.events select * from es.events"])
async def test_no_role_can_change_an_event(database_url: str, role: str, change: str, place: str) -> None:
    connection = await asyncpg.connect(role_url(database_url, role, SECRET))
    with pytest.raises(REFUSED, match="permission denied"):
        await connection.execute(change.replace("es.events", place))
    await connection.close()


@pytest.mark.parametrize("table", ["streams", "commands", "reservations", "event_ids", "partitions"])
async def test_the_writer_cannot_change_what_the_log_knows(database: Database, table: str) -> None:
    with pytest.raises(REFUSED, match="permission denied"):
        await database.writer.execute(f"delete from es.{table}")


@pytest.mark.parametrize(
    "statement",
    [
        "select es.prepare()",
        "select es.extend(5000000)",
        "set role headwater_writer",
        "set session authorization headwater_writer",
        "set row_security = off; select * from es.events",
        "select * from es.events_from_1",
        "create table es.mine (n int)",
        "insert into es.snapshots select * from es.snapshots",
    ],
)
async def test_the_reader_only_reads(reader: Connection, statement: str) -> None:
    with pytest.raises(REFUSED):
        await reader.execute(statement)


async def test_the_reader_cannot_append(reader: Connection) -> None:
    assert not await reader.fetchval(
        "select bool_or(has_function_privilege(oid, 'execute')) from pg_proc"
        " where pronamespace = 'es'::regnamespace and prosecdef"
    )


@pytest.mark.parametrize("role", [READER, WRITER])
async def test_the_roles_own_nothing(owner: Connection, role: str) -> None:
    owned = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = $1"
    assert await owner.fetchval(owned, role) == 0
    unbound = (
        "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = $1"
    )
    assert await owner.fetchval(unbound, role) is False


TABLES = ["events", "event_ids", "streams", "commands", "reservations", "snapshots"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("scope", [None, "", "5f3c2b60-8c1b-4c0e-9f39-0d6f5b1f7a11"])
async def test_without_its_tenant_there_are_no_rows(
    reader: Connection, table: str, scope: str | None
) -> None:
    if scope is not None:
        await reader.execute("select set_config('headwater.tenant', $1, false)", scope)
    assert await reader.fetchval(f"select count(*) from es.{table}") == 0


async def test_a_tenant_sees_its_own_rows_only(database: Database, log: PostgresLog) -> None:
    mine, other = event(), event()
    stored(await log.append(command(mine)))
    stored(await log.append(command(other, tenant=OTHER)))
    snapshot = StoredSnapshot(originator_version=1, timestamp=NOON, topic=TOPIC, state=b"{}")
    await log.keep_snapshot(OTHER, other.originator_id, snapshot)
    assert await log.snapshots(OTHER, [other.originator_id]) == {other.originator_id: snapshot}
    assert await log.snapshots(TENANT, [other.originator_id]) == {}
    async with database.reading(TENANT) as connection:
        for table in TABLES:
            assert await connection.fetch(f"select * from es.{table} where tenant_id = $1", OTHER) == []
        assert (
            await connection.fetchval("select count(*) from es.events where event_id = $1", mine.event_id)
            == 1
        )


async def test_a_scope_never_leaks_to_the_next_user_of_a_connection(database_url: str) -> None:
    database = await Database.open(database_url, secret=SECRET, writers=1, readers=1)
    scope = "select current_setting('headwater.tenant', true)"
    for tenant in (TENANT, OTHER, OTHER, TENANT):
        async with database.reading(tenant) as connection:
            assert await connection.fetchval(scope) == str(tenant)
            await connection.execute("begin")  # Left open: it is rolled back when the connection returns.
    async with database.reading(OTHER) as connection:
        assert await connection.fetchval(scope) == str(OTHER)
        assert not connection.is_in_transaction()
    await database.close()
