"""Turns: one at a time of the same company at the same, and nobody else waits for it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from app.gateway.turns import LockedTurns
from app.storage.database import Database
from tests.kit.product import Product

pytestmark = pytest.mark.servers


@pytest.fixture
async def database(product: Product) -> AsyncIterator[Database]:
    settings = product.settings
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=1)
    yield database
    await database.close()


async def test_only_who_asks_for_the_same_waits(database: Database) -> None:
    turns, others, company = LockedTurns(database), LockedTurns(database), uuid4()
    order: list[str] = []

    async def take(turns: LockedTurns, company: UUID, what: str, name: str) -> None:
        async with turns.turn(company, what):
            order.append(name)

    async with turns.turn(company, "webhooks"):
        waiting = [
            asyncio.create_task(take(each, company, "webhooks", "the same")) for each in (turns, others)
        ]
        await take(turns, uuid4(), "webhooks", "another company")
        await take(turns, company, "connectors", "something else")
        order.append("over")
    await asyncio.gather(*waiting)
    assert order == ["another company", "something else", "over", "the same", "the same"]


async def test_turns_leave_connections_to_who_has_them(database: Database) -> None:
    turns = LockedTurns(database)

    async def append() -> None:
        async with turns.turn(uuid4(), "webhooks"):
            await database.writer.fetchval("select 1")

    async with asyncio.timeout(120):
        await asyncio.gather(*(append() for _ in range(20)))
