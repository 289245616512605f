"""Commands and inline views are one transaction: what cannot be folded is not stored either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, head


@asynccontextmanager
async def failing(product: Product, table: str) -> AsyncIterator[None]:
    """As long as the block lasts, the database refuses every new row of the table."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        await owner.execute(f"alter table {table} add constraint refuses check (position < 0) not valid")
        try:
            yield
        finally:
            await owner.execute(f"alter table {table} drop constraint refuses")
    finally:
        await owner.close()


async def stored(product: Product, client: Client) -> dict[str, list[Any]]:
    """All that is known of the client's tenant: events, receipts, and the rows of inline views."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        return {
            table: [
                tuple(row)
                for row in await owner.fetch(f"select * from {table} where tenant_id = $1", client.tenant)
            ]
            for table in ("es.events", "es.commands", "tasks_g1.tasks", "audit_g1.activity_log")
        }
    finally:
        await owner.close()


@pytest.mark.parametrize("table", ["audit_g1.activity_log", "tasks_g1.tasks"])
async def test_a_fold_that_fails_leaves_nothing_behind(client: Client, product: Product, table: str) -> None:
    task = await created(client, "Dig")
    before = await stored(product, client)
    assert [len(rows) for rows in before.values()] == [2, 2, 1, 2]
    command_id = str(uuid4())
    assign = {"input": {"id": task["id"], "assignedTo": client.me}, "commandId": command_id}
    async with failing(product, table):
        answer = await client.answer("AssignTask", **assign)
        error_id = answer["errors"][0]["extensions"]["errorId"]
        assert answer["errors"] == [
            {
                "message": "Internal error",
                "locations": answer["errors"][0]["locations"],
                "path": ["assignTask"],
                "extensions": {"code": "INTERNAL", "errorId": error_id},
            }
        ]
        assert await stored(product, client) == before
        # What the process remembers of the task has not moved either.
        assert (await client.send("Task", id=task["id"]))["assignee"] is None
    receipt = await client.send("AssignTask", **assign)
    assert (receipt["repeated"], receipt["task"]["assignee"]) == (False, {"id": client.me, "name": "Ada"})
    after = await stored(product, client)
    assert [len(rows) for rows in after.values()] == [3, 3, 1, 3]


async def test_others_in_the_same_batch_are_carried_out(client: Client, product: Product) -> None:
    task = await created(client, "Dig")
    start = int(await head(client, task))
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        await owner.execute(
            "alter table tasks_g1.tasks add constraint refuses check (title <> 'poison') not valid"
        )
        titles = [str(number) for number in range(20)]
        titles[7] = "poison"
        receipts = await sent_together(client, titles)
        await owner.execute("alter table tasks_g1.tasks drop constraint refuses")
    finally:
        await owner.close()
    refused = [title for title, answer in zip(titles, receipts, strict=True) if "errors" in answer]
    assert refused == ["poison"]
    positions = sorted(
        int(receipt["data"]["createTask"]["position"]) for receipt in receipts if "errors" not in receipt
    )
    assert positions == list(range(start + 1, start + 20))


async def sent_together(client: Client, titles: list[str]) -> list[Any]:
    """The answers to commands that are sent at the same time."""
    return await asyncio.gather(*(client.answer("CreateTask", input={"title": title}) for title in titles))
