"""How lists on objects are read that are narrowed by what an index of words or tags finds."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from app.embedded.postgres import Postgres
from app.storage.database import Database
from projections.kit.declare.filters import Compare, ComparedColumn, Comparison, Filter
from projections.kit.read.conditions import filtered, understood, words
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.tables import table_shape
from projections.work.tasks import Tasks
from tests.kit.servers import SECRET, fresh_database
from tests.views.place import opened

TENANT = UUID(int=1)
MANY, PROJECTS = 10_000, 20
LISTED = [UUID(int=int(str(number), 16)) for number in range(PROJECTS)]
_PROJECT = f"('00000000-0000-0000-0000-' || lpad((n % {PROJECTS})::text, 12, '0'))::uuid"
# All are found, and each project has five hundred.
_FILL = f"""insert into {{0}}
select $1, uuidv7(), 'Task ' || n, 'word', 'todo', 'low', null, {_PROJECT}, {_PROJECT}, {_PROJECT}, array['tag'],
       now() + n * interval '1 second', now(), null, 1, 0, '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', n
  from generate_series(1, {MANY}) n"""
_DERIVE = """update {0} set search_words = to_tsvector('simple', description), tags_key = tags,
    title_order = convert_to(title, 'UTF8'), priority_rank = 1"""


class Measuring:
    """Lends connections of the reader's that count the rows of all steps by which it does what it is asked."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.plan, self.rows = "", 0.0

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Any]:
        async with self.database.reading(tenant_id) as connection:
            self._connection = connection
            yield self

    async def fetchval(self, sql: str, *arguments: Any) -> str:
        lines = await self._connection.fetch(f"explain (analyze, timing off) {sql}", *arguments)
        self.plan = "\n".join(line[0] for line in lines)
        steps = re.findall(r"actual rows=([\d.]+) loops=(\d+)", self.plan)
        self.rows = sum(float(rows) * int(loops) for rows, loops in steps)
        return "[]"


@pytest.fixture(scope="module")
async def measuring(postgres: Postgres) -> AsyncIterator[Measuring]:
    """A reader of many tasks of one tenant."""
    async with fresh_database(postgres) as url, opened(url) as place:
        await place.store(Tasks)
        owner, table = await place.database.owner(), table_shape(Tasks, 1).name
        await owner.execute(_FILL.format(table), TENANT)
        await owner.execute(_DERIVE.format(table))
        await owner.execute(f"vacuum analyze {table}")
        await owner.close()
        database = await Database.open(url, secret=SECRET)
        yield Measuring(database)
        await database.close()


_FOUND = {
    "words": Compare(ComparedColumn("words"), Comparison.WORDS, words(Tasks, "word")),
    "tags": Compare(ComparedColumn("tags"), Comparison.HOLDS, ["tag"]),
}


@pytest.mark.parametrize("column", ["created_at", "title"])
@pytest.mark.parametrize("found", _FOUND.values(), ids=_FOUND)
async def test_what_an_index_finds_is_read_once_for_all_objects_of_a_list(
    measuring: Measuring, found: Filter, column: str
) -> None:
    asking: Any = measuring
    where = [filtered(Tasks, understood(found, "simple"))]
    await PostgresRows(asking, Only(1)).heads(
        Tasks, TENANT, "project_id", LISTED, where=where, order=Order(column), limit=20
    )
    assert measuring.rows < 10 * MANY, measuring.plan
    heads = await PostgresRows(measuring.database, Only(1)).heads(
        Tasks, TENANT, "project_id", LISTED, where=where, order=Order("created_at", descending=True), limit=2
    )
    titles = [[row.title for row in heads[project]] for project in LISTED[1:]]
    assert titles == [[f"Task {MANY - n}", f"Task {MANY - n - PROJECTS}"] for n in range(PROJECTS - 1, 0, -1)]
