"""What changes seldom is told of, and found out all the same where nobody hears it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.storage.database import Connection, Database
from app.storage.news import Kind, News
from tests.kit.servers import SECRET

_WRITES: dict[Kind, tuple[str, ...]] = {
    "generations": (
        "insert into ops.views (view, store, inline, live) values ('toys.jars', 'postgres', false, 1)",
        "insert into ops.lanes (view, generation, version) values ('toys.jars', 1, 1)",
        "update ops.lanes set served_at = clock_timestamp()",
        "update ops.views set live = 2",
    ),
    "rebuilds": (
        "insert into ops.rebuilds (id, kind, asked_by) values (gen_random_uuid(), 'rebuild', 'Ann')",
        "update ops.rebuilds set state = 'verifying'",
        "update ops.lanes set drop_at = clock_timestamp()",
        "update ops.lanes set phase = 'dropped'",
    ),
    "placements": (
        "insert into placement.tenants (tenant_id, name, slug, kind, region, state)"
        " values (gen_random_uuid(), 'Acme', 'acme', 'pooled', 'local', 'ready')",
        "update placement.tenants set state = 'failed'",
        "delete from placement.tenants",
    ),
}
_CUT = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
 where datname = current_database() and query ilike 'listen%headwater_news%'
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, secret=SECRET, writers=2, readers=1)
    yield database
    await database.close()


async def test_all_that_processes_know_in_memory_is_told_of(database: Database) -> None:
    """With looks an hour apart, only news can be why there is one."""
    news = News(database.connect, quiet=3600)
    first = news.rest("placements")
    while not news.hears:
        await first()
    rests = {kind: news.rest(kind) for kind in _WRITES}
    for kind, writes in _WRITES.items():
        for write in writes:
            await database.writer.execute(write)
            async with asyncio.timeout(120):
                await rests[kind]()
    # A lane that is dropped is told of as both.
    await rests["generations"]()
    # What changes all the time is not told of.
    await database.writer.execute("update ops.lanes set position = position + 1, read_at = clock_timestamp()")
    resting = {kind: asyncio.ensure_future(rest()) for kind, rest in rests.items()}
    await database.writer.execute("select pg_notify('headwater_news', 'placements')")
    async with asyncio.timeout(120):
        await resting["placements"]
    assert [kind for kind, task in resting.items() if task.done()] == ["placements"]
    for task in resting.values():
        task.cancel()
    await news.close()


async def test_who_hears_nothing_looks_by_the_clock_and_hears_again(database: Database) -> None:
    news = News(database.connect, quiet=3600, deaf=0.01)
    rest = news.rest("placements")
    owner: Connection = await database.owner()
    async with asyncio.timeout(120):
        for _ in range(2):
            while not news.hears:
                await rest()
            while not await owner.fetchval(_CUT):  # noqa: ASYNC110
                await asyncio.sleep(0)
            while news.hears:
                await rest()
        while not news.hears:
            await rest()
    await owner.close()
    await news.close()
