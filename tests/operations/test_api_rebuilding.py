"""Rebuilds through the API with somebody who builds: the views answer all the while."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.rebuilding import rebuilding

VIEW = "tasks.tasks"


@pytest.fixture(scope="module", autouse=True)
async def at_work(product: Product) -> AsyncIterator[None]:
    """What is asked for is built."""
    async with rebuilding(product.settings):
        yield


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may rebuild and look."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


@pytest.fixture
async def task(client: Client) -> str:
    """The id of a task."""
    receipt = await client.send("CreateTask", input={"title": "Sow"})
    id: str = receipt["task"]["id"]
    return id


async def ended(operator: Client, mutation: str, **input: Any) -> dict[str, Any]:
    """The last message about a rebuild that this mutation starts or sets going again."""
    receipt = await operator.send(mutation, input=input)
    assert "rebuild" in receipt, receipt
    id = receipt["rebuild"]["id"]
    async with asyncio.timeout(120), operator.watching("ViewProgress", rebuildId=id) as messages:
        seen: list[dict[str, Any]] = [message async for message in messages]
    return seen[-1]


async def live(operator: Client, view: str = VIEW) -> int:
    """The generation that serves."""
    (row,) = [row for row in (await operator.send("Views", names=[view]))["nodes"] if row["live"]]
    generation: int = row["generation"]
    return generation


async def spoil(product: Product, operator: Client, task: str) -> None:
    """Make the row that serves say what never happened."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        sql = f"update tasks_g{await live(operator)}.tasks set title = 'Wrong' where id = $1"

        async def spoilt() -> bool:
            # Just after a cut-over, the row may be still on its way there.
            return bool(await owner.execute(sql, UUID(task)) == "UPDATE 1")

        await until(spoilt)
    finally:
        await owner.close()


async def reads(client: Client, task: str, title: str) -> None:
    """Wait until the API reads the generation where the task is called so."""

    async def read() -> bool:
        return bool((await client.send("Task", id=task))["title"] == title)

    await until(read)


async def test_a_view_is_built_compared_cut_over_and_rolled_back(
    operator: Client, client: Client, task: str
) -> None:
    before = await live(operator)
    done = await ended(operator, "RebuildViews", views=[VIEW])
    (view,) = done["views"]
    assert (done["state"], view["former"], view["generation"]) == ("SWITCHED", before, await live(operator))
    assert view["comparison"]["differing"] == 0
    assert view["comparison"]["compared"] >= 1
    await reads(client, task, "Sow")
    first, second = str(uuid4()), str(uuid4())
    for command_id, repeated in ((first, False), (first, True), (second, False)):
        receipt = await operator.send("RollbackViews", input={"rebuildId": done["id"]}, commandId=command_id)
        assert (receipt["repeated"], receipt["views"]) == (repeated, [{"view": VIEW, "generation": before}])
    assert await live(operator) == before
    await reads(client, task, "Sow")
    after = await operator.send("Rebuild", id=done["id"])
    (view,) = after["views"]
    assert (after["state"], view["live"]) == ("ROLLED_BACK", False)
    assert view["rolledBackBy"].startswith(f"user {operator.user} of tenant ")
    assert view["rolledBackAt"]


async def test_a_comparison_says_what_differs_and_changes_nothing(
    product: Product, operator: Client, client: Client, task: str
) -> None:
    await spoil(product, operator, task)
    before = await live(operator)
    done = await ended(operator, "RebuildViews", views=[VIEW], kind="RECONCILE")
    (view,) = done["views"]
    assert (done["state"], view["comparison"]["differing"], await live(operator)) == ("REPORTED", 1, before)
    assert view["comparison"]["examples"] == [
        {"tenantId": str(client.tenant), "key": [task], "kind": "CHANGED", "fields": ["title"]}
    ]
    await reads(client, task, "Wrong")
    repaired = await ended(operator, "RebuildViews", views=[VIEW], kind="RECONCILE", repair=True)
    assert repaired["state"] == "SWITCHED"
    await reads(client, task, "Sow")


async def test_a_rebuild_that_differs_waits_until_it_is_accepted(
    product: Product, operator: Client, client: Client, task: str
) -> None:
    await spoil(product, operator, task)
    before = await live(operator)
    waiting = await ended(operator, "RebuildViews", views=[VIEW])
    assert (waiting["state"], waiting["open"], await live(operator)) == ("DIFFERS", True, before)
    await reads(client, task, "Wrong")
    accepted = await ended(operator, "AcceptRebuild", id=waiting["id"])
    assert (accepted["state"], accepted["repair"]) == ("SWITCHED", True)
    await reads(client, task, "Sow")


async def test_a_paused_rebuild_goes_on_when_it_is_resumed(operator: Client, task: str) -> None:
    slow = await operator.send("RebuildViews", input={"views": [VIEW], "rate": 1})
    id = slow["rebuild"]["id"]
    await operator.send("PauseRebuild", input={"id": id})
    assert (await operator.send("Rebuild", id=id))["paused"] is True
    await operator.send("ResumeRebuild", input={"id": id})
    await operator.send("CancelRebuild", input={"id": id})
    assert (await operator.send("Rebuild", id=id))["state"] == "CANCELLED"


async def test_a_subscription_outlives_the_generation_it_began_with(
    client: Client, operator: Client, product: Product, task: str
) -> None:
    async with client.watching("TaskChanged") as messages:
        first = await client.send("RenameTask", input={"id": task, "title": "Before"})
        assert (await anext(messages))["node"]["title"] == "Before"
        before = await live(operator)
        last = await ended(operator, "RebuildViews", views=[VIEW])
        assert last["state"] == "SWITCHED"
        owner = await asyncpg.connect(product.settings.database_url)
        try:
            await owner.execute(
                """update ops.lanes set drop_at = clock_timestamp() - interval '1 minute'
                    where view = $1 and generation = $2""",
                VIEW,
                before,
            )

            async def gone() -> bool:
                return bool(await owner.fetchval(f"select to_regclass('tasks_g{before}.tasks') is null"))

            await until(gone)
        finally:
            await owner.close()
        assert first["position"]
        await client.send("RenameTask", input={"id": task, "title": "After"})
        assert (await anext(messages))["node"]["title"] == "After"
