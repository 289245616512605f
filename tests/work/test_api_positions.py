"""Reading one's own writes: a read that names a position reflects it, or says that it does not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.kit.client import Client
from tests.kit.product import Product, running
from tests.work.api import created


@pytest.fixture
async def hasty(product: Product, client: Client) -> AsyncIterator[Client]:
    """The client at an API that waits for a tenth of a second, while no worker is running."""
    await product.worker.pause()
    try:
        async with (
            running(replace(product.settings, after_wait_ms=100)) as url,
            httpx.AsyncClient(base_url=url, timeout=120) as http,
        ):
            yield replace(client, http=http)
    finally:
        await product.worker.start()


async def test_views_that_follow_the_log_show_what_was_written_just_before(client: Client) -> None:
    for number in range(10):
        receipt = await client.send("CreateProject", input={"name": f"Garden {number}"})
        id, position = receipt["project"]["id"], receipt["position"]
        listed = await client.answer("Projects", first=100, afterPosition=position)
        assert "stale" not in listed["extensions"]
        assert listed["data"]["projects"]["totalCount"] == number + 1
        assert (await client.send("Project", id=id, afterPosition=position))["name"] == f"Garden {number}"
        receipt = await client.send(
            "CreateTask", input={"title": "Dig", "projectId": id, "assignedTo": client.me}
        )
        position = receipt["position"]
        stats = await client.send("TaskStats", afterPosition=position)
        assert (stats["todo"], stats["userId"]) == (number + 1, client.me)


async def test_what_hangs_on_the_answer_reflects_the_position_as_well(client: Client) -> None:
    id = (await client.send("CreateProject", input={"name": "Garden"}))["project"]["id"]
    for number in range(10):
        receipt = await client.send("CreateTask", input={"title": "Dig", "projectId": id})
        shown = await client.send("Project", id=id, afterPosition=receipt["position"])
        assert shown["progress"]["todo"] == number + 1


async def test_a_read_says_that_it_is_stale_when_the_view_does_not_come_in_time(hasty: Client) -> None:
    answer = await hasty.answer("RegisterUser", input={"email": "ben@example.com", "firstName": "Ben"})
    receipt = answer["data"]["registerUser"]
    before = str(int(receipt["position"]) - 1)
    # The receipt shows the person as far as they are known, and says so.
    stale = {"stale": True, "position": before}
    assert (receipt["user"], answer["extensions"]) == (None, stale)
    id, position = receipt["commandId"], receipt["position"]
    shown = await hasty.answer("User", id=id, afterPosition=position)
    assert shown == {"data": {"user": None}, "extensions": stale}
    at = {"extensions": {"position": before}}
    assert (await hasty.answer("User", id=id, afterPosition=before)) == {"data": {"user": None}, **at}
    people = await hasty.answer("User", id=hasty.me, afterPosition=position)
    assert (people["data"]["user"]["name"], people["extensions"]) == ("Ada", stale)


async def test_projects_are_never_stale(hasty: Client) -> None:
    answer = await hasty.answer("CreateProject", input={"name": "Garden"})
    receipt = answer["data"]["createProject"]
    assert ("stale" in answer["extensions"], receipt["project"]["name"]) == (False, "Garden")


async def test_tasks_are_never_stale(hasty: Client) -> None:
    task = await created(hasty, "Dig")
    receipt = await hasty.send("RenameTask", input={"id": task["id"], "title": "Plough"})
    listed = await hasty.answer("CountTasks")
    assert listed["data"] == {"tasks": {"totalCount": 1}}
    assert "stale" not in listed["extensions"]
    shown = await hasty.answer("Task", id=task["id"], afterPosition=receipt["position"])
    assert shown["data"]["task"]["title"] == "Plough"


async def test_a_position_that_does_not_exist_yet_is_refused(client: Client) -> None:
    receipt = await client.send("CreateTask", input={"title": "Dig"})
    next = str(int(receipt["position"]) + 1)
    refused = [
        await client.error(operation, **variables, afterPosition=next)
        for operation, variables in (
            ("Task", {"id": client.me}),
            ("Tasks", {}),
            ("TaskStats", {}),
            ("UserTasks", {}),
            ("Project", {"id": client.me}),
            ("Projects", {}),
            ("User", {"id": client.me}),
        )
    ]
    message = f"Position {next} does not exist yet; the log ends at {receipt['position']}."
    assert refused == [("POSITION_IN_FUTURE", message)] * 7
    code, _ = await client.error("Tasks", afterPosition=str(2**63 - 1))
    assert code == "POSITION_IN_FUTURE"


@pytest.mark.parametrize(
    "position", ["-1", -1, str(2**63), 2**64, 10**40, 1.5, "1.5", 1e3, "", "٣", " 1", True, [1], {}]
)
async def test_what_is_no_position_is_refused(client: Client, position: Any) -> None:
    code, message = await client.error("Tasks", afterPosition=position)
    assert code == "BAD_USER_INPUT"
    assert "A position is a whole number from 0 to 9223372036854775807." in message


async def test_a_receipt_says_when_what_it_names_cannot_be_shown_yet(hasty: Client) -> None:
    receipt = await hasty.answer("RegisterUser", input={"email": "eva@example.com", "firstName": "Eva"})
    person = receipt["data"]["registerUser"]["commandId"]
    answer = await hasty.answer("CreateTask", input={"title": "Dig", "assignedTo": person})
    task = answer["data"]["createTask"]["task"]
    assert task["assignee"] is None
    assert answer["extensions"]["stale"] is True


async def test_a_receipt_shows_what_was_made_a_moment_ago(client: Client) -> None:
    document = """mutation ($project: ID!) {
      createProject(input: { id: $project, name: "Garden" }) { ... on ProjectReceipt { position } }
      createTask(input: { title: "Dig", projectId: $project }) {
        ... on TaskReceipt { task { project { name } } }
      }
    }"""
    answer = (await client.post(document, {"project": str(uuid4())})).json()
    assert answer["data"]["createTask"]["task"]["project"] == {"name": "Garden"}
