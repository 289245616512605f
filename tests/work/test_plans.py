"""Which index each list is read by, as the role that the API reads as, under row-level security."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.contexts import VISIBILITY
from app.storage.database import READER, Database, role_url
from domain.kit.caller import Caller
from projections.governance.activity import ActivityLog
from projections.identity.memberships import Memberships
from projections.identity.people import People
from projections.identity.users import Users
from projections.kit.context.visibility import Guarded
from projections.kit.declare.filters import All, Compare, ComparedColumn, Comparison, Not, Some
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.conditions import Condition, equals, filtered, one_of, since, until
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.tables import table_shape
from projections.work.projects import ProjectMembers, Projects
from projections.work.tasks import Tasks
from projections.work.visibility import GUARDED, ProjectSight
from tests.kit import processes
from tests.kit.product import Product

MANY = 4_000
TENANT, OTHER = UUID(int=1), UUID(int=2)
PERSON = UUID("00000000-0000-0000-0000-000000000007")


def _id(number: str) -> str:
    return f"('00000000-0000-0000-0000-' || lpad(({number})::text, 12, '0'))::uuid"


# A few people, projects, tags and words, each in the rows of both tenants.
_FILL: dict[type[PostgresView[Any]], str] = {
    Tasks: f"""uuidv7(), 'Task ' || n, 'word' || n % 200, (array['todo', 'in_progress', 'completed'])[1 + n % 3],
        'low', case when n % 3 > 0 then now() + n * interval '1 hour' end, {_id("n % 30")}, {_id("n % 30")},
        {_id("n % 40")}, array['tag' || n % 300], now() + n * interval '1 second', now(), null, 1,
        0, '{{}}', '{{}}', '{{}}'""",
    Projects: f"""uuidv7(), 'Project ' || n, 'word' || n % 200, 'active', 'public', {_id("n % 400")},
        now() + n * interval '1 second', now(), 1""",
    ProjectMembers: f"{_id('n % 30')}, {_id('n')}, now(), n",
    People: "uuidv7(), n || '@example.com', 'Ada', 'Name ' || n % 500, 'active', 'member', true, now()",
    # Few of those who had an address have it still.
    Users: """uuidv7(), n || '@example.com', 'address ' || n % 40, true,
        case when n % 20 = 0 then 'active' else 'deleted' end, 'member', 'everyone', null, now(), now()""",
    ActivityLog: f"""uuidv7(), 'task', {_id("n % 30")}, 'created', {_id("n % 30")}, '{{}}',
        now() + n * interval '1 second'""",
}

_READER: Any = None
_SIGHT = ProjectSight(_READER, Only(1), VISIBILITY.guarded).of(Caller(tenant_id=TENANT, user_id=PERSON))
# What the product works out as it writes a row.
_DERIVED: dict[type[PostgresView[Any]], str] = {
    Tasks: """search_words = to_tsvector('simple', description), tags_key = tags,
        title_order = convert_to(title, 'UTF8'), priority_rank = length(description) % 4""",
    Projects: "search_words = to_tsvector('simple', description), name_order = convert_to(name, 'UTF8')",
    People: "last_name_order = convert_to(last_name, 'UTF8')",
}


def _is(column: str, value: object) -> Compare:
    return Compare(ComparedColumn(column), Comparison.EQ, value)


def _among(column: str, *values: object) -> Compare:
    return Compare(ComparedColumn(column), Comparison.IN, values)


NEWEST = Order("created_at", descending=True)
LISTS: list[tuple[str, type[PostgresView[Any]], list[Condition], Order]] = [
    ("idx_tasks_created_at", Tasks, [], NEWEST),
    ("idx_tasks_created_at", Tasks, [], Order("created_at")),
    ("idx_tasks_updated_at", Tasks, [], Order("updated_at", descending=True)),
    ("idx_tasks_priority", Tasks, [], Order("priority", descending=True)),
    ("idx_tasks_priority", Tasks, _SIGHT.conditions(Tasks), Order("priority")),
    ("idx_tasks_title", Tasks, [], Order("title")),
    ("idx_tasks_title", Tasks, _SIGHT.conditions(Tasks), Order("title")),
    (
        "idx_tasks_assigned_status",
        Tasks,
        [*equals("assigned_to", PERSON), *one_of("status", ["todo", "in_progress"])],
        Order("due_date"),
    ),
    ("idx_tasks_assigned_created", Tasks, equals("assigned_to", PERSON), NEWEST),
    # Of a filter, what stands beside each other is as good as conditions of their own.
    (
        "idx_tasks_assigned_status",
        Tasks,
        [filtered(Tasks, All((_is("assigned_to", PERSON), _among("status", "todo", "in_progress"))))],
        Order("due_date"),
    ),
    ("idx_tasks_project_created", Tasks, [filtered(Tasks, _is("project_id", PERSON))], NEWEST),
    (
        "idx_tasks_created_at",
        Tasks,
        [filtered(Tasks, Some((_is("assigned_to", PERSON), Not(_among("status", "completed")))))],
        NEWEST,
    ),
    ("idx_activity_entity", ActivityLog, [filtered(ActivityLog, _is("entity_id", PERSON))], NEWEST),
    ("idx_tasks_project_status", Tasks, [*equals("project_id", PERSON), *one_of("status", ["todo"])], NEWEST),
    ("idx_tasks_project_created", Tasks, equals("project_id", PERSON), NEWEST),
    ("idx_tasks_created_by_date", Tasks, equals("created_by", PERSON), NEWEST),
    # Of somebody who may not see all: whether a row is hidden is looked up for the rows of the page alone.
    ("idx_tasks_created_at", Tasks, _SIGHT.conditions(Tasks), NEWEST),
    ("idx_projects_created_at", Projects, _SIGHT.conditions(Projects), NEWEST),
    ("idx_projects_created_at", Projects, [], NEWEST),
    ("idx_projects_name", Projects, [], Order("name")),
    ("idx_projects_updated_at", Projects, [], Order("updated_at", descending=True)),
    ("idx_projects_owner", Projects, equals("owner_id", PERSON), Order("name")),
    ("idx_people_name", People, [], Order("last_name")),
    (
        "idx_users_email_status",
        Users,
        [*equals("email_key", "address 20"), *equals("status", "active")],
        NEWEST,
    ),
    ("idx_activity_created_at", ActivityLog, [], NEWEST),
    ("idx_activity_created_at", ActivityLog, _SIGHT.conditions(ActivityLog), NEWEST),
    ("idx_activity_entity", ActivityLog, equals("entity_id", PERSON), NEWEST),
    ("idx_activity_actor", ActivityLog, equals("actor_id", PERSON), NEWEST),
]


@pytest.fixture(scope="module")
async def full(product: Product) -> Product:
    """The product with many rows of two tenants, and their statistics."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        for view, columns in _FILL.items():
            table = table_shape(view, 1).name
            rows = f"select $1, {columns}, n from generate_series(1, {MANY}) n"
            for tenant in (TENANT, OTHER):
                await owner.execute(f"insert into {table} {rows}", tenant)
            if view in _DERIVED:
                await owner.execute(f"update {table} set {_DERIVED[view]}")
            await owner.execute(f"vacuum analyze {table}")
    finally:
        await owner.close()
    return product


class Explaining:
    """Lends connections of the reader's that explain what they are asked instead of doing it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.plan = ""

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Any]:
        async with self._database.reading(tenant_id) as connection:
            self._connection = connection
            yield self

    async def fetchval(self, sql: str, *arguments: Any) -> str:
        self.plan = "\n".join(row[0] for row in await self._connection.fetch(f"explain {sql}", *arguments))
        return "[]"


@pytest.fixture(scope="module")
async def explaining(full: Product) -> AsyncIterator[Explaining]:
    """A reader that explains."""
    database = await Database.open(full.settings.database_url, secret=full.settings.secret)
    yield Explaining(database)
    await database.close()


@pytest.mark.parametrize(("index", "view", "where", "order"), LISTS)
async def test_a_list_is_read_by_its_index(
    explaining: Explaining, index: str, view: type[PostgresView[Any]], where: list[Condition], order: Order
) -> None:
    await PostgresRows(explaining, Only(1)).page(view, TENANT, where=where, order=order, limit=20)
    assert re.search(rf"\b{index}\b", explaining.plan), explaining.plan
    assert "Seq Scan" not in explaining.plan


async def test_a_range_of_due_dates_is_read_by_its_index(explaining: Explaining) -> None:
    now = datetime.now(UTC)
    where = [*since("due_date", now), *until("due_date", now + timedelta(days=1))]
    await PostgresRows(explaining, Only(1)).page(
        Tasks, TENANT, where=where, order=Order("due_date", nullable=True), limit=20
    )
    assert "idx_tasks_due_date" in explaining.plan, explaining.plan


async def test_the_last_change_of_what_is_hidden_is_one_look_for_each_project_however_many_tasks_it_has(
    explaining: Explaining, full: Product
) -> None:
    hidden = [UUID(int=int(str(number), 16)) for number in (1, 2, 3)]
    table, of = table_shape(Tasks, 1).name, "tenant_id = $1 and project_id = any($2)"
    owner = await asyncpg.connect(full.settings.database_url)
    last = await owner.fetchval(f"select max(position) from {table} where {of}", TENANT, hidden)
    await owner.close()
    reader = await Database.open(full.settings.database_url, secret=full.settings.secret)
    by, guarded = Caller(tenant_id=TENANT, user_id=PERSON), Guarded(members=Memberships, about=GUARDED)
    try:
        assert await ProjectSight(reader, Only(1), guarded).changed(by, Tasks, hidden) == last
        assert await ProjectSight(reader, Only(1), guarded).changed(by, Tasks, [UUID(int=999)]) == 0
    finally:
        await reader.close()
    asking: Any = explaining
    for view, index in ((Tasks, "idx_tasks_project_position"), (Projects, "projects_pkey")):
        await ProjectSight(asking, Only(1), guarded).changed(by, view, hidden)
        assert index in explaining.plan, explaining.plan
        assert "Seq Scan" not in explaining.plan, explaining.plan
        # It reads the last entry of each, instead of all of them.
        assert view is Projects or (
            "Limit" in explaining.plan and f"Scan Backward using {index}" in explaining.plan
        )


async def test_members_are_read_by_the_key(explaining: Explaining) -> None:
    await PostgresRows(explaining, Only(1)).heads(
        ProjectMembers, TENANT, "project_id", [PERSON, UUID(int=8)], order=Order("joined_at"), limit=20
    )
    assert "project_members_pkey" in explaining.plan, explaining.plan


@pytest.mark.parametrize(
    ("index", "operation", "filter", "count"),
    [
        ("idx_tasks_tags", "CountTasks", {"tags": {"contains": ["tag7"]}}, 14),
        ("idx_tasks_search", "CountTasks", {"text": "word7"}, 20),
        ("idx_projects_search", "Projects", {"text": "word7"}, 20),
    ],
)
async def test_what_only_gin_finds_is_found_by_it_in_spite_of_row_level_security(
    full: Product, index: str, operation: str, filter: dict[str, Any], count: int
) -> None:
    client = full.client(TENANT, PERSON)
    owner = await asyncpg.connect(full.settings.database_url)

    async def scans() -> int:
        sql = "select idx_scan from pg_stat_user_indexes where indexrelname = $1"
        return int(await owner.fetchval(sql, index))

    try:
        before = await scans()
        # Rows of the other tenant, which hold the same, are not counted.
        assert (await client.send(operation, filter=filter))["totalCount"] == count

        async def scanned() -> bool:
            # Sessions report their counts late, when they are asked something again.
            await client.send(operation, filter=filter)
            return await scans() > before

        await processes.until(scanned)
    finally:
        await owner.close()


async def test_the_functions_that_find_rows_show_nothing_outside_a_tenants_scope(full: Product) -> None:
    url = role_url(full.settings.database_url, READER, full.settings.secret)
    reader = await asyncpg.connect(url)
    try:
        find = "select count(*) from tasks_g1.idx_tasks_tags('{tag7}')"
        found = [await reader.fetchval(find)]
        for tenant in (TENANT, UUID(int=3)):
            await reader.execute("select set_config('headwater.tenant', $1, false)", str(tenant))
            found.append(await reader.fetchval(find))
        assert found == [0, 14, 0]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute("alter function tasks_g1.idx_tasks_tags(text[]) reset all")
    finally:
        await reader.close()
