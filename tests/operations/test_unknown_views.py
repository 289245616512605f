"""A view that no code has any more is named as such, makes nothing unwell, and is dropped when asked for."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from app.telemetry.monitoring_access import watch_token
from tests.kit.client import Client
from tests.kit.product import Product
from tests.operations.command_line import CommandLine, Ran

GONE = "toys.gone"
_LEFT = """
with l as (insert into ops.lanes (view, generation, version, served_at) values ($1, 1, 3, now()))
insert into ops.views (view, store, inline, live) values ($1, 'postgres', false, 1)
"""


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may direct the views and look."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


@pytest.fixture
async def pool(product: Product) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """The database, as its owner."""
    async with asyncpg.create_pool(product.settings.database_url, min_size=1, max_size=1) as pool:
        yield pool


@pytest.fixture
async def left(pool: "asyncpg.Pool[asyncpg.Record]", client: Client) -> AsyncIterator[None]:
    """What other code left behind, some events ago; it goes with the test."""
    await pool.execute(_LEFT, GONE)
    await pool.execute(
        """insert into ops.parked (view, generation, stream, tenant_id, topic, position, event_id, event_type,
                                   error, attempts)
           values ($1, 1, gen_random_uuid(), gen_random_uuid(), 'toys.jar', 1, gen_random_uuid(), 'x', 'y', 3)""",
        GONE,
    )
    await client.send("CreateTask", input={"title": "Sow"})
    yield
    for table in ("ops.views", "ops.lanes"):
        await pool.execute(f"delete from {table} where view = $1", GONE)


async def ran(product: Product, *words: str) -> Ran:
    """A command."""
    return await asyncio.to_thread(CommandLine(product.settings), *words)


async def ready(product: Product) -> httpx.Response:
    """Readiness as who shows the token is told it."""
    headers = {"authorization": f"Bearer {watch_token(product.settings)}"}
    return await product.http.get("/health/ready", headers=headers)


@pytest.mark.usefixtures("left")
async def test_it_makes_nothing_unwell(product: Product, operator: Client) -> None:
    answer = (await ready(product)).json()
    assert [row["state"] for row in answer["views"] if row["name"] == GONE] == ["unknown"]
    assert [said for said in answer["problems"] if GONE in said] == []
    status = await ran(product, "status")
    (line,) = [line for line in status.out.splitlines() if "headwater views retire" in line]
    assert line == f"Unknown to this version of the code: {GONE}. Drop it: headwater views retire {GONE}"
    assert [line for line in status.out.splitlines() if "Not well" in line and GONE in line] == []
    in_json = (await ran(product, "status", "--json")).json
    assert (in_json["unknown"], [row for row in in_json["problems"] if GONE in row]) == ([GONE], [])
    (view,) = (await ran(product, "views", "--name", GONE, "--json")).json
    assert (view["state"], view["parked"]) == ("unknown", 1)
    assert [row["state"] for row in (await operator.send("Views", names=[GONE]))["nodes"]] == ["UNKNOWN"]
    headers = {"authorization": f"Bearer {watch_token(product.settings)}"}
    assert GONE not in (await product.http.get("/metrics", headers=headers)).text


@pytest.mark.usefixtures("left")
async def test_it_is_retired_and_that_is_on_record(
    product: Product, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    retired = await ran(product, "views", "retire", GONE, "--reason", "It is not needed any more.")
    assert (retired.code, retired.out) == (0, f"{GONE} retired.\n")
    assert (await ran(product, "status", "--json")).json["unknown"] == []
    row = await pool.fetchrow(
        "select payload from es.events where type = 'operations.intervention.retire_requested'"
    )
    assert row is not None
    said = msgspec.json.decode(row["payload"])
    assert (said["views"], said["reason"]) == ([GONE], "It is not needed any more.")
    again = await ran(product, "views", "retire", GONE, "--reason", "Again.")
    assert (again.code, again.err.startswith(f"headwater: There is no view {GONE}; there are ")) == (1, True)


@pytest.mark.usefixtures("left")
async def test_it_is_retired_through_the_api_too(operator: Client) -> None:
    refused = await operator.send("RetireViews", input={"views": [GONE, "tasks.tasks"], "reason": "Why not."})
    assert (refused["code"], refused["message"]) == (
        "not_possible",
        "tasks.tasks is a view of this version of the code.",
    )
    assert [row["name"] for row in (await operator.send("Views", names=[GONE]))["nodes"]] == [GONE]
    receipt = await operator.send("RetireViews", input={"views": [GONE], "reason": "Why not."})
    assert "position" in receipt
    assert GONE not in {row["name"] for row in (await operator.send("Views"))["nodes"]}
