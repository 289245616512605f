"""Reader connections of a shared database: bounded for each tenant, and always in the right scope."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest

from app.storage.database import Database
from tests.kit.servers import SECRET

GREEDY, MODEST = uuid4(), uuid4()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, secret=SECRET, writers=1, readers=4)
    yield opened
    await opened.close()


async def _held(database: Database, tenant: UUID, stack: AsyncExitStack) -> None:
    await stack.enter_async_context(database.reading(tenant))


async def test_a_greedy_tenant_leaves_connections_to_others(database: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await _held(database, GREEDY, stack)
        waiting = [asyncio.create_task(_read(database, GREEDY)) for _ in range(50)]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            assert await _read(database, MODEST) == MODEST
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == [GREEDY] * 50


async def test_what_a_tenant_gives_back_is_his_to_take_again(database: Database) -> None:
    for _ in range(10):
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await _held(database, GREEDY, stack)


async def test_a_reader_that_is_cancelled_while_it_waits_costs_nothing(database: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await _held(database, GREEDY, stack)
        waiting = [asyncio.create_task(_read(database, GREEDY)) for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert await asyncio.gather(*(_read(database, GREEDY) for _ in range(9))) == [GREEDY] * 9


async def test_every_checkout_is_in_the_scope_of_who_asked(database: Database) -> None:
    tenants = [uuid4() for _ in range(7)]
    chosen = [tenants[n * n % 7] for n in range(300)]
    assert await asyncio.gather(*(_read(database, tenant) for tenant in chosen)) == chosen


async def test_a_checkout_that_is_cut_off_leaves_no_scope_behind(database: Database) -> None:
    for n in range(60):
        task = asyncio.create_task(_read(database, GREEDY))
        for _ in range(n % 6):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.gather(*(_read(database, MODEST) for _ in range(3))) == [MODEST] * 3


async def _read(database: Database, tenant: UUID) -> UUID:
    """The tenant that the server has in scope for a reader of this tenant."""
    async with database.reading(tenant) as connection:
        found: UUID = await connection.fetchval("select es.tenant()")
        return found
