"""Views that serve are paused and go on: workers let go of them, and everybody is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from app.telemetry.ailments import ailment
from app.telemetry.metrics import view_metrics
from projections.kit.read.live_generations import Only
from projections.kit.read.status import Positions, ViewState, views_status
from projections.work.stats import UserCounts, UserStats
from tests.kit.client import Client
from tests.kit.following import Worker
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

VIEWS = [UserStats.name, UserCounts.name]


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may direct the views and look."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


@pytest.fixture
async def pool(product: Product) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """The database, as its owner."""
    async with asyncpg.create_pool(product.settings.database_url, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def paused(operator: Client) -> AsyncIterator[dict[str, Any]]:
    """The receipt of a pause of the counts, which ends with the test."""
    receipt = await operator.send("PauseViews", input={"views": VIEWS, "reason": "The disk is slow."})
    assert "views" in receipt, receipt
    yield receipt
    await operator.send("ResumeViews", input={"views": VIEWS})


async def let_go(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Wait until no worker holds the views."""

    async def so() -> bool:
        return not await pool.fetchval(
            "select true from ops.lanes where view = any($1) and holder is not null limit 1", VIEWS
        )

    await until(so)


async def test_a_paused_view_stands_still_and_goes_on(
    product: Product, operator: Client, client: Client, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    first = await client.send("CreateTask", input={"title": "Sow", "assignedTo": client.me})
    assert (await client.send("TaskStats", afterPosition=first["position"]))["todo"] == 1
    receipt = await operator.send("PauseViews", input={"views": VIEWS, "reason": "Why not."})
    by = f"user {operator.user} of tenant {operator.tenant}"
    assert receipt["views"] == [{"name": name, "state": "PAUSED", "pausedBy": by} for name in sorted(VIEWS)]
    await let_go(pool)
    second = await client.send("CreateTask", input={"title": "Mow", "assignedTo": client.me})
    # Another worker, which has its share of all other views, leaves it alone as well.
    other = Worker(product.settings)
    await other.start()
    try:

        async def shared() -> bool:
            return (
                len(await pool.fetch("select distinct holder from ops.lanes where holder is not null")) == 2
            )

        await until(shared)
        answer = await client.answer("TaskStats", afterPosition=second["position"])
        assert answer["data"]["taskStats"]["todo"] == 1
        assert answer["extensions"]["stale"] is True
        assert int(answer["extensions"]["position"]) < int(second["position"])
    finally:
        await other.pause()
    resumed = await operator.send("ResumeViews", input={"views": VIEWS})
    # Not as if nobody folded them, until a worker has taken them up.
    assert {(view["pausedBy"], view["state"]) for view in resumed["views"]} == {(None, "FOLLOWING")}
    assert (await client.send("TaskStats", afterPosition=second["position"]))["todo"] == 2


async def test_nobody_waits_for_a_paused_view(
    client: Client, pool: "asyncpg.Pool[asyncpg.Record]", paused: dict[str, Any]
) -> None:
    await let_go(pool)
    receipt = await client.send("CreateTask", input={"title": "Sow", "assignedTo": client.me})
    positions = Positions(pool, Only(1))
    an_hour = 3600.0
    assert await positions.wait_for(UserStats.name, int(receipt["position"]), an_hour) is False


async def test_who_waits_already_is_let_go(
    operator: Client, client: Client, product: Product, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await product.worker.pause()
    try:
        receipt = await client.send("CreateTask", input={"title": "Sow", "assignedTo": client.me})
        positions = Positions(pool, Only(1))
        waiting = asyncio.create_task(positions.wait_for(UserStats.name, int(receipt["position"]), 3600))
        await until(lambda: positions._waiters != [])
        await operator.send("PauseViews", input={"views": VIEWS, "reason": "Why not."})
        assert await waiting is False
    finally:
        await operator.send("ResumeViews", input={"views": VIEWS})
        await product.worker.start()


async def test_health_and_metrics_say_paused_and_not_behind(
    client: Client, operator: Client, pool: "asyncpg.Pool[asyncpg.Record]", paused: dict[str, Any]
) -> None:
    await let_go(pool)
    await client.send("CreateTask", input={"title": "Sow", "assignedTo": client.me})
    (status,) = [view for view in await views_status(pool) if view.name == UserStats.name]
    assert (status.state, status.last_read_age, status.lag_events > 0) == (ViewState.PAUSED, None, True)
    said = ailment(status)
    assert said is not None
    assert said.startswith(f"{UserStats.name} is paused by user {operator.user} of tenant {operator.tenant}")
    (gauge,) = [metric for metric in view_metrics([status]) if metric.name == "headwater_view_paused"]
    assert [sample.value for sample in gauge.samples] == [1.0]


async def test_it_is_in_the_log_with_who_asked_and_why(
    operator: Client, pool: "asyncpg.Pool[asyncpg.Record]", paused: dict[str, Any]
) -> None:
    row = await pool.fetchrow(
        "select type, user_id, payload from es.events where position = $1", int(paused["position"])
    )
    assert row is not None
    assert (row["type"], row["user_id"]) == ("operations.intervention.pause_requested", operator.user)
    payload = msgspec.json.decode(row["payload"])
    assert (payload["views"], payload["reason"]) == (VIEWS, "The disk is slow.")


@pytest.mark.parametrize(
    ("views", "reason"),
    [
        (["tasks.tasks"], "folded with the append"),
        (["work.tags"], "which cached answers are old"),
        ([VIEWS[0], "tasks.tasks"], "folded with the append"),
    ],
)
async def test_refuses_what_cannot_stand_still(operator: Client, views: list[str], reason: str) -> None:
    refused = await operator.send("PauseViews", input={"views": views, "reason": "Why not."})
    assert refused["code"] == "not_possible"
    assert reason in refused["message"]
    assert {view["pausedBy"] for view in (await operator.send("Views", names=VIEWS))["nodes"]} == {None}


async def test_a_pause_and_a_rebuild_exclude_each_other(operator: Client, paused: dict[str, Any]) -> None:
    again = await operator.send("PauseViews", input={"views": VIEWS, "reason": "Why not."})
    assert "is paused already" in again["message"]
    refused = await operator.send("RebuildViews", input={"views": VIEWS[:1]})
    assert "is paused" in refused["message"]
    await operator.send("ResumeViews", input={"views": VIEWS})
    twice = await operator.send("ResumeViews", input={"views": VIEWS})
    assert "is not paused" in twice["message"]
    rebuild = (await operator.send("RebuildViews", input={"views": VIEWS[:1]}))["rebuild"]["id"]
    refused = await operator.send("PauseViews", input={"views": VIEWS, "reason": "Why not."})
    assert rebuild in refused["message"]
    await operator.send("CancelRebuild", input={"id": rebuild})
    await operator.send("PauseViews", input={"views": VIEWS, "reason": "Why not."})


async def test_one_command_pauses_once(operator: Client) -> None:
    command_id = str(uuid4())
    for repeated in (False, True):
        receipt = await operator.send(
            "PauseViews", input={"views": VIEWS, "reason": "Why not."}, commandId=command_id
        )
        assert (receipt["repeated"], {view["state"] for view in receipt["views"]}) == (repeated, {"PAUSED"})
    await operator.send("ResumeViews", input={"views": VIEWS})


def test_the_command_line_pauses_and_resumes(headwater: CommandLine) -> None:
    assert headwater("views", "pause", *VIEWS, "--reason", "Why not.").code == 0
    shown = headwater("views", "--name", VIEWS[0], "--json")
    assert '"paused"' in shown.out
    assert headwater("views", "pause", *VIEWS, "--reason", "Why not.").code == 1
    assert headwater("views", "resume", *VIEWS).code == 0
    assert headwater("views", "resume", *VIEWS).code == 1
