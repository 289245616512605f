"""Parked streams through the API: seen, retried after the code was repaired, or left out with a reason."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.kit.events import Event
from projections.work import stats
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

VIEW = "tasks.user_stats"


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may repair and look."""
    return product.client(uuid4(), uuid4(), ["ops:repair", "ops:views"])


@pytest.fixture
async def poisoned(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[set[UUID]]:
    """The streams whose events no count can fold."""
    streams: set[UUID] = set()
    shift: Any = stats._shift

    def fragile(row: Any, event: Event, **more: Any) -> Any:
        if event.originator_id in streams:
            raise ValueError("The code has a mistake.")
        return shift(row, event, **more)

    monkeypatch.setattr(stats, "_shift", fragile)
    yield streams
    streams.clear()


async def parked(operator: Client, task: UUID) -> list[dict[str, Any]]:
    """How a task is parked in the view."""
    found = await operator.send("Parked", view=VIEW, filter={"stream": {"eq": str(task)}})
    nodes: list[dict[str, Any]] = found["nodes"]
    return nodes


async def park(operator: Client, client: Client, poisoned: set[UUID]) -> UUID:
    """Create a task that is counted nowhere, and wait until that is given up."""
    task = uuid4()
    poisoned.add(task)
    await client.send("CreateTask", input={"id": str(task), "title": "Sow", "assignedTo": client.me})

    async def is_parked() -> bool:
        return bool(await parked(operator, task))

    await until(is_parked)
    return task


async def gone(operator: Client, task: UUID) -> None:
    """Wait until the task is no longer parked."""

    async def is_gone() -> bool:
        return not await parked(operator, task)

    await until(is_gone)


async def test_a_parked_stream_is_seen_and_folds_when_it_is_retried(
    operator: Client, client: Client, poisoned: set[UUID]
) -> None:
    task = await park(operator, client, poisoned)
    (seen,) = await parked(operator, task)
    assert (seen["tenantId"], seen["eventType"], seen["waiting"], seen["asked"]) == (
        str(client.tenant),
        "work.task.created",
        1,
        None,
    )
    assert "ValueError" in seen["error"]
    (view,) = (await operator.send("Views", names=[VIEW]))["nodes"]
    assert view["parked"] >= 1
    poisoned.clear()
    input = {"view": VIEW, "stream": str(task), "tenantId": str(client.tenant)}
    receipt = await operator.send("RetryParked", input=input)
    assert receipt["streams"] == 1
    await gone(operator, task)
    assert (await client.send("TaskStats"))["todo"] == 1


async def test_a_discarded_stream_is_left_out_and_the_log_says_why(
    product: Product, operator: Client, client: Client, poisoned: set[UUID]
) -> None:
    task = await park(operator, client, poisoned)
    command_id, input = str(uuid4()), {"view": VIEW, "stream": str(task), "reason": "Imported twice."}
    receipt = await operator.send("DiscardParked", input=input, commandId=command_id)
    assert receipt["streams"] == 1
    await gone(operator, task)
    assert await client.send("TaskStats") is None
    again = await operator.send("DiscardParked", input=input, commandId=command_id)
    assert again["repeated"] is True
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        (noted,) = await connection.fetch(
            "select type, user_id, payload ->> 'reason' as reason from es.events where originator_id = $1",
            UUID(command_id),
        )
    finally:
        await connection.close()
    assert tuple(noted) == ("operations.repair.discard_requested", operator.user, "Imported twice.")


async def test_refuses_what_is_not_parked(
    product: Product, operator: Client, client: Client, poisoned: set[UUID]
) -> None:
    task = await park(operator, client, poisoned)
    for view, stream, code, field in (
        ("tasks.tasks", task, "not_possible", "view"),
        ("tasks.taks", task, "not_found", "view"),
        (VIEW, uuid4(), "not_possible", "stream"),
    ):
        input = {"view": view, "stream": str(stream), "reason": "x"}
        refused = await operator.send("DiscardParked", input=input)
        assert (refused["code"], refused["field"]) == (code, field)
    anothers = {"view": VIEW, "stream": str(task), "tenantId": str((await product.newcomer()).tenant)}
    assert (await operator.send("RetryParked", input=anothers))["code"] == "not_possible"


@pytest.mark.parametrize("reason", ["", " "])
async def test_a_discard_needs_a_reason(operator: Client, reason: str) -> None:
    input = {"view": VIEW, "stream": str(uuid4()), "reason": reason}
    refused = await operator.send("DiscardParked", input=input)
    assert (refused["code"], refused["message"]) == ("invalid", "Reason must not be empty.")


async def test_who_watches_is_told_of_what_is_parked_and_of_what_is_folded_again(
    operator: Client, client: Client, poisoned: set[UUID]
) -> None:
    async with asyncio.timeout(120), operator.watching("ParkedChanged", initial=True) as messages:
        state = await anext(messages)
        task = await park(operator, client, poisoned)
        arrived = await anext(messages)
        poisoned.clear()
        input = {"view": VIEW, "stream": str(task), "tenantId": str(client.tenant)}
        await operator.send("RetryParked", input=input)
        last = await anext(messages)
        while last["kind"] != "REMOVED":
            last = await anext(messages)
    assert state["complete"]
    assert str(task) not in [node["stream"] for node in state["nodes"]]
    assert (arrived["kind"], arrived["node"]["stream"]) == ("CREATED", str(task))
    assert last["node"] is None
    assert [arrived["change"], last["change"]] == ["PARKED", "RELEASED"]
    assert arrived["nodeId"] == last["nodeId"]
    assert last["nodeId"].endswith(f":{task}")
