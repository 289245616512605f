"""Lists beside that of tasks: projects, tasks of a person by numbered pages, days."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.kit.client import Client
from tests.work.api import project, sent


async def test_lists_of_projects_are_paged_and_filtered(client: Client) -> None:
    ids = {
        name: await project(client, name, description=f"About {name}s") for name in ("Pump", "Dam", "Lake")
    }
    await sent(client, "ArchiveProject", ids["Lake"], {}, {})
    position = (await sent(client, "RenameProject", ids["Dam"], {}, {"name": "Big dam"}))["position"]
    everything = await client.send("Projects", afterPosition=position)
    assert [edge["node"]["name"] for edge in everything["edges"]] == ["Big dam", "Lake", "Pump"]
    assert everything["totalCount"] == 3
    second = await client.send("Projects", first=1, after=everything["edges"][0]["cursor"])
    assert [edge["node"]["name"] for edge in second["edges"]] == ["Lake"]
    found = [
        [edge["node"]["name"] for edge in (await client.send("Projects", filter=filter))["edges"]]
        for filter in (
            {"status": {"in": ["ARCHIVED"]}},
            {"text": "dam"},
            {"ownerId": {"eq": client.me}},
            {"ownerId": {"eq": str(uuid4())}},
        )
    ]
    assert found == [["Lake"], ["Big dam"], ["Big dam", "Lake", "Pump"], []]


async def test_somebodys_tasks_come_by_pages(client: Client) -> None:
    last: Any = None
    for number in range(21):
        last = await client.send("CreateTask", input={"title": str(number), "assignedTo": client.me})
    first = await client.send("UserTasks", afterPosition=last["position"])
    cursor = first["pageInfo"]["endCursor"]
    second = await client.send("UserTasks", userId=client.me, after=cursor)
    assert [task["title"] for task in first["nodes"]] == [str(number) for number in range(20, 0, -1)]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert [task["title"] for task in second["nodes"]] == ["0"]
    moved = await client.send("UnassignTask", input={"id": second["nodes"][0]["id"]})
    gone = await client.send("UserTasks", after=cursor, afterPosition=moved["position"])
    assert gone == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert (await client.error("UserTasks", after="p1"))[0] == "BAD_CURSOR"
    assert (await client.send("UserTasks", userId=str(UUID(int=5))))["nodes"] == []


@pytest.mark.parametrize("first", [-1, 101, 500])
async def test_days_of_another_number_are_refused(client: Client, first: int) -> None:
    code, message = await client.error("TaskDays", first=first)
    assert (code, message) == (
        "BAD_USER_INPUT",
        f"first must be from 0 to 100, not {first}: a page holds no more.",
    )
