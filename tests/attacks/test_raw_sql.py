"""Who has the password of a database role, and psql: row-level security holds without the product's code."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from app.storage.database import READER, Connection, role_url
from tests.auth.people import Person, registered
from tests.kit.product import Product
from tests.work.api import created

NO_TENANTS = frozenset(
    {
        "audit.retention",
        "ops.discarded",
        "ops.lanes",
        "ops.parked",
        "ops.rebuild_views",
        "ops.rebuilds",
        "ops.views",
        "processes.holders",
        "processes.lanes",
    }
)
"""Tables about the views and processes of all tenants: how far they are, and which stream stands still."""


@pytest.fixture(scope="module")
async def people(product: Product) -> list[Person]:
    """Two companies with something in them."""
    found = [await registered(product) for _ in range(2)]
    for person in found:
        await created(person.client, f"Secret of {person.id}", description="confidential")
    return found


@pytest.fixture
async def reader(product: Product, people: list[Person]) -> AsyncIterator[Connection]:
    """A session of the application's reader role, as a stolen password or an injection would give it."""
    settings = product.settings
    connection = await asyncpg.connect(role_url(settings.database_url, READER, settings.secret))
    yield connection
    await connection.close()


async def _tables(reader: Connection) -> list[str]:
    """Every table, partition and view that there is."""
    rows = await reader.fetch(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n "
        "on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm') "
        "and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1"
    )
    return [row["name"] for row in rows]


async def _seen(reader: Connection) -> dict[str, int]:
    """How many rows of each table the session sees; tables that are refused to it are left out."""
    seen = {}
    for table in await _tables(reader):
        try:
            seen[table] = await reader.fetchval(f"select count(*) from {table}")
        except asyncpg.InsufficientPrivilegeError:
            continue
    return seen


async def test_without_a_tenant_there_are_no_rows(reader: Connection) -> None:
    seen = await _seen(reader)
    assert {"es.events", "work.tasks", "auth.accounts"} & seen.keys(), "it looks at what there is"
    assert {name for name, rows in seen.items() if rows} <= NO_TENANTS


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " ",
        "*",
        "%",
        "null",
        "00000000-0000-0000-0000-000000000000",
        "5f3c2b60-8c1b-4c0e-9f39-0d6f5b1f7a11",
    ],
)
async def test_a_scope_that_is_no_tenants_shows_no_rows(reader: Connection, setting: str) -> None:
    await reader.execute("select set_config('headwater.tenant', $1, false)", setting)
    try:
        seen = await _seen(reader)
    except asyncpg.InvalidTextRepresentationError:
        return
    assert {name for name, rows in seen.items() if rows} <= NO_TENANTS


async def test_a_tenant_in_scope_shows_that_one_alone(reader: Connection, people: list[Person]) -> None:
    """The reader may choose any tenant: which one is the product's decision, made of a verified token."""
    ada, ben = (UUID(person.given["tenantId"]) for person in people)
    await reader.execute("select set_config('headwater.tenant', $1, false)", str(ada))
    for table in await _tables(reader):
        try:
            tenants = await reader.fetch(f"select distinct tenant_id from {table}")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError):
            continue
        if table not in NO_TENANTS:
            assert {row["tenant_id"] for row in tenants} <= {ada}, table
    assert await reader.fetchval("select count(*) from es.events where tenant_id = $1", ben) == 0
    assert await reader.fetchval("select count(*) from es.events where tenant_id = $1", ada) > 0


async def test_what_is_personal_stays_sealed_in_the_scope_of_its_tenant(
    reader: Connection, people: list[Person]
) -> None:
    await reader.execute("select set_config('headwater.tenant', $1, false)", people[0].given["tenantId"])
    rows = await reader.fetch("select e::text as event from es.events e")
    assert rows
    assert not any(people[0].email in row["event"] for row in rows)


@pytest.mark.parametrize(
    "statement",
    [
        "set role headwater_writer",
        "set session authorization headwater_writer",
        "set row_security = off; select count(*) from es.events",
        "select * from pg_authid",
        "select * from keys.subjects",
        "alter table es.events disable row level security",
        "alter role headwater_reader bypassrls",
        "create policy mine on es.events using (true)",
        "create function public.mine() returns int language sql security definer as 'select 1'",
        "create table es.mine (x int)",
        "insert into es.streams select * from es.streams",
        "update es.events set tenant_id = tenant_id",
        "delete from es.events",
        "truncate es.events",
        "copy (select 1) to program 'id'",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "set session_replication_role = replica",
        "select es.append_one()",
    ],
)
async def test_a_reader_does_not_become_more(reader: Connection, statement: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError)):
        await reader.execute(statement)
