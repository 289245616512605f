"""What whoever does not see a private project hears of tasks that come into it and leave it."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, head, project
from tests.work.test_api_live import taken


@pytest.fixture
async def ben(product: Product, client: Client) -> Client:
    """Somebody of the same tenant, who is no member of its private projects."""
    return await product.newcomer("Ben", tenant=client.tenant, role="member")


async def _moved(client: Client, task: Any, project_id: str | None) -> str:
    receipt = await client.send("MoveTask", input={"id": task["id"], "projectId": project_id})
    position: str = receipt["position"]
    return position


async def test_counts_change_when_a_task_goes_where_it_is_not_seen_and_when_it_comes_back(
    client: Client, ben: Client
) -> None:
    secret, other = [await project(client, name, visibility="PRIVATE") for name in ("Secret", "Other")]
    stays = await created(client, "Stays", assignedTo=client.me)
    task = await created(client, "Dig", assignedTo=client.me)
    start = await head(client, task)
    heard = list[tuple[str, int]]()
    async with ben.watching("TaskStatsChanged", userId=client.me, resumeFrom=start) as messages:
        # From one that is not seen to another nothing changes.
        for place, count in (secret, 1), (other, None), (None, 2), (secret, 1):
            position = await _moved(client, task, place)
            if count is not None:
                (message,) = await taken(messages, 1)
                assert message["cursor"] == position
                heard.append((message["change"], message["node"]["todo"]))
                assert (await ben.send("TaskStats", userId=client.me))["todo"] == count
        await _moved(client, stays, secret)
        (gone,) = await taken(messages, 1)
    assert heard == [("TASK_MOVED", count) for count in (1, 2, 1)]
    assert gone["node"] is None


async def test_who_has_a_task_when_it_is_moved_is_told_also_when_somebody_else_has_it_since(
    product: Product, client: Client, ben: Client
) -> None:
    secret = await project(client, "Secret", visibility="PRIVATE")
    eve = await product.newcomer("Eve", tenant=client.tenant)
    task = await created(client, "Dig", assignedTo=client.me)
    await created(client, "Stays", assignedTo=client.me)
    start = await head(client, task)
    await _moved(client, task, secret)
    await client.send("AddProjectMember", input={"id": secret, "userId": eve.me})
    await client.send("AssignTask", input={"id": task["id"], "assignedTo": eve.me})
    async with ben.watching("TaskStatsChanged", resumeFrom=start) as messages:
        (told,) = await taken(messages, 1)
    assert (told["node"]["userId"], told["node"]["todo"]) == (client.me, 1)


async def test_a_move_changes_no_counts_of_whoever_sees_every_project(client: Client) -> None:
    secret = await project(client, "Secret", visibility="PRIVATE")
    task = await created(client, "Dig", assignedTo=client.me)
    start = await head(client, task)
    async with client.watching("TaskStatsChanged", resumeFrom=start) as messages:
        await _moved(client, task, secret)
        await client.send("CompleteTask", input={"id": task["id"]})
        (message,) = await taken(messages, 1)
    assert message["change"] == "TASK_COMPLETED"


@pytest.mark.parametrize("named", ["a private project", "nothing that there is"])
async def test_naming_a_project_that_one_does_not_see_tells_no_more_than_naming_none(
    client: Client, ben: Client, named: str
) -> None:
    secret, other = [await project(client, name, visibility="PRIVATE") for name in ("Secret", "Other")]
    garden = await project(client, "Garden")
    task = await created(client, "Dig", projectId=garden)
    start = await head(client, task)
    for place in (secret, None, secret, garden):
        await _moved(client, task, place)
    await created(client, "Plough", projectId=secret)
    asked = secret if named == "a private project" else str(uuid4())
    async with ben.watching("TaskChanged", filter={"projectId": {"eq": asked}}, resumeFrom=start) as messages:
        # That they see more of something else ends the silence.
        await client.send("AddProjectMember", input={"id": other, "userId": ben.me})
        (first,) = await taken(messages, 1)
        assert first["code"] == "SIGHT_CHANGED"
