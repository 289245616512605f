"""A rebuild that goes on only when somebody says so is told, and keeps nobody from being served."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.telemetry.monitoring_access import watch_token
from app.telemetry.system_status import standing
from projections.kit.rebuild.model import RebuildState
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine, Ran
from tests.operations.rebuilding import rebuilding

VIEW = "tasks.tasks"


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may rebuild and look."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


@pytest.fixture
async def pool(product: Product) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """The database, as its owner."""
    async with asyncpg.create_pool(product.settings.database_url, min_size=1, max_size=1) as pool:
        yield pool


@pytest.fixture
async def paused(operator: Client) -> AsyncIterator[str]:
    """The id of a rebuild that is paused, and is given up after the test."""
    receipt = await operator.send("RebuildViews", input={"views": [VIEW, "tasks.user_stats"], "rate": 1})
    id: str = receipt["rebuild"]["id"]
    await operator.send("PauseRebuild", input={"id": id})
    yield id
    await operator.send("CancelRebuild", input={"id": id})


async def status(product: Product, *options: str) -> Ran:
    """What ``headwater status`` says."""
    return await asyncio.to_thread(CommandLine(product.settings), "status", *options)


async def readiness(product: Product) -> tuple[int, str, list[str]]:
    """What readiness says to who shows the token: code, status and problems."""
    headers = {"authorization": f"Bearer {watch_token(product.settings)}"}
    answer = await product.http.get("/health/ready", headers=headers)
    return answer.status_code, answer.json()["status"], answer.json()["problems"]


def of_paused(id: str) -> str:
    """What is said of a paused rebuild."""
    return f"the rebuild of {VIEW} tasks.user_stats is paused: headwater resume {id} or headwater cancel {id}"


async def test_a_paused_rebuild_is_told_until_it_goes_on(
    product: Product, operator: Client, paused: str, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    said = of_paused(paused)
    assert said in (await standing(pool)).ailments()
    ended = await status(product)
    assert (ended.code, f"Not well: {said}." in ended.out.splitlines()) == (1, True)
    in_json = (await status(product, "--json")).json
    assert (in_json["well"], said in in_json["problems"]) == (False, True)
    await operator.send("ResumeRebuild", input={"id": paused})
    assert (await standing(pool)).waits() == []
    await operator.send("PauseRebuild", input={"id": paused})
    assert (await standing(pool)).waits() == [said]
    await operator.send("CancelRebuild", input={"id": paused})
    assert (await standing(pool)).waits() == []
    assert paused not in (await status(product)).out


async def test_a_rebuild_that_waits_takes_no_api_out_of_rotation(product: Product, paused: str) -> None:
    code, state, problems = await readiness(product)
    assert (code, state, of_paused(paused) in problems) == (200, "degraded", True)
    assert (await product.http.get("/health/ready")).json() == {"status": "degraded"}


async def test_a_rebuild_that_differs_is_told_and_its_commands_end_it(
    product: Product, operator: Client, client: Client, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    task = (await client.send("CreateTask", input={"title": "Sow"}))["task"]["id"]
    (view,) = [row for row in (await operator.send("Views", names=[VIEW]))["nodes"] if row["live"]]
    wrong = f"update tasks_g{view['generation']}.tasks set title = 'Wrong' where id = $1"
    assert await pool.execute(wrong, UUID(task)) == "UPDATE 1"
    async with rebuilding(product.settings):
        id = (await operator.send("RebuildViews", input={"views": [VIEW]}))["rebuild"]["id"]

        async def differs() -> bool:
            state = await pool.fetchval("select state from ops.rebuilds where id = $1", UUID(id))
            return bool(state == RebuildState.DIFFERS)

        await until(differs)
    (said,) = (await standing(pool)).waits()
    assert said == (
        f"the rebuild of {VIEW} found rows that differ, and is not cut over to: "
        f"headwater accept {id} or headwater cancel {id}"
    )
    code, state, problems = await readiness(product)
    assert (code, state, said in problems) == (200, "degraded", True)
    ended = await status(product)
    assert (ended.code, f"Not well: {said}." in ended.out.splitlines()) == (1, True)
    command = said.rpartition(" or headwater ")[2].split()
    assert (await asyncio.to_thread(CommandLine(product.settings), *command)).code == 0
    assert (await standing(pool)).waits() == []


async def test_it_is_told_where_no_worker_is_and_of_a_silo_with_its_option(
    product: Product, paused: str, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    (said,) = (await standing(pool)).waits(" --tenant mill")
    assert said.endswith(
        f": headwater resume {paused} --tenant mill or headwater cancel {paused} --tenant mill"
    )
    await product.worker.pause()
    try:
        await pool.execute("update ops.workers set heartbeat_at = heartbeat_at - interval '1 hour'")
        ended = await status(product)
        assert "Not well: no worker is at work" in ended.out
        assert f"Not well: {of_paused(paused)}." in ended.out.splitlines()
    finally:
        await product.worker.start()
