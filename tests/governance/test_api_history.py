"""History and activities through the API: what happened, in order, and nothing confidential."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, head, project


async def test_the_history_of_a_thing_tells_its_events_in_order(client: Client) -> None:
    garden = await project(client)
    task = await created(client, "Dig", description="Deep.", tags=["home"], projectId=garden)
    position = int(await head(client, task))
    await client.send("RenameTask", input={"id": task["id"], "title": "Plough"})
    await client.send("CompleteTask", input={"id": task["id"]})
    history = await client.send("History", stream=f"task_{task['id']}")
    times = [event["timestamp"] for event in history["nodes"]]
    assert times == sorted(times)
    assert times[0] == task["createdAt"]
    facts: list[tuple[str, dict[str, Any]]] = [
        (
            "created",
            {
                "title": "Dig",
                "description": "Deep.",
                "priority": "medium",
                "dueDate": None,
                "createdBy": client.me,
                "assignedTo": None,
                "projectId": garden,
                "tags": ["home"],
            },
        ),
        ("renamed", {"title": "Plough"}),
        (
            "completed",
            {"status": "completed", "previous": "todo", "assignedTo": None, "projectId": garden},
        ),
    ]
    assert history == {
        "nodes": [
            {
                "type": f"work.task.{type}",
                "timestamp": times[number],
                "version": number + 1,
                "position": str(position + number),
                "by": client.me,
                "data": data,
            }
            for number, (type, data) in enumerate(facts)
        ],
        "pageInfo": {"hasNextPage": False, "endCursor": history["pageInfo"]["endCursor"]},
    }
    assert await client.send("History", stream=task["id"]) == history
    begun = await client.send("History", stream=task["id"], first=1)
    part = await client.send("History", stream=task["id"], first=1, after=begun["pageInfo"]["endCursor"])
    assert part["nodes"] == history["nodes"][1:2]


@pytest.mark.parametrize(
    "stream", ["", "x", "task_", "task_x", "018f0000", "task-018f0000-0000-7000-8000-000000000000"]
)
async def test_what_names_no_thing_is_refused(client: Client, stream: str) -> None:
    assert await client.error("History", stream=stream) == (
        "BAD_USER_INPUT",
        "A stream is an id, or its kind and id as task_….",
    )


async def test_a_thing_that_is_not_there_or_of_another_kind_has_no_history(
    client: Client, product: Product
) -> None:
    task, stranger = await created(client), await product.newcomer()
    streams = (str(uuid4()), f"project_{task['id']}", f"work.task_{task['id']}")
    assert [await client.send("History", stream=stream) for stream in streams] == [None] * 3
    assert await stranger.send("History", stream=task["id"]) is None


async def test_activities_tell_who_did_what_without_what_is_confidential(
    client: Client, product: Product
) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    task = await created(client, "Dig", description="A secret.", dueDate="2030-01-01T00:00:00Z")
    await eve.send("DescribeTask", input={"id": task["id"], "description": "Another secret."})
    await eve.send("AssignTask", input={"id": task["id"], "assignedTo": client.me})
    page = await client.send("Activities", filter={"entityId": {"eq": task["id"]}})
    nodes = [edge["node"] for edge in page["edges"]]
    assert [{**node, "id": None, "createdAt": None} for node in nodes] == [
        {
            "id": None,
            "entityType": "TASK",
            "entityId": task["id"],
            "action": action,
            "metadata": metadata,
            "createdAt": None,
            "actor": {"id": actor.me, "name": name},
        }
        for action, actor, name, metadata in (
            (
                "ASSIGNED",
                eve,
                "Eve",
                {"assignedTo": client.me, "assignedBy": eve.me, "previous": None, "status": "todo"},
            ),
            ("DESCRIBED", eve, "Eve", {}),
            (
                "CREATED",
                client,
                "Ada",
                {
                    "title": "Dig",
                    "priority": "medium",
                    "dueDate": "2030-01-01T00:00:00Z",
                    "createdBy": client.me,
                    "assignedTo": None,
                    "projectId": None,
                    "tags": [],
                },
            ),
        )
    ]
    assert len({node["id"] for node in nodes}) == 3
    assert nodes[2]["createdAt"] == task["createdAt"]


async def test_activities_are_filtered_and_paged(client: Client, product: Product) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    task = await created(client, "Dig")
    renamed = await eve.send("RenameTask", input={"id": task["id"], "title": "Sow"})
    at = renamed["task"]["updatedAt"]

    async def actions(**filter: object) -> list[str]:
        page = await client.send("Activities", filter=filter)
        return [edge["node"]["action"] for edge in page["edges"]]

    assert await actions() == ["RENAMED", "CREATED", "REGISTERED", "REGISTERED"]
    assert await actions(actorId={"eq": eve.me}) == ["RENAMED", "REGISTERED"]
    assert await actions(createdAt={"gte": at}) == ["RENAMED"]
    assert await actions(createdAt={"lt": at}, entityId={"eq": task["id"]}) == ["CREATED"]
    assert await actions(entityId={"eq": client.me}) == ["REGISTERED"]
    seen: list[str] = []
    page: Any = None
    for _ in range(4):
        page = await client.send("Activities", first=1, after=page and page["pageInfo"]["endCursor"])
        seen += [edge["node"]["action"] for edge in page["edges"]]
    assert (seen, page["pageInfo"]["hasNextPage"]) == (
        ["RENAMED", "CREATED", "REGISTERED", "REGISTERED"],
        False,
    )


async def test_somebodys_mail_address_and_name_are_in_no_activity(client: Client) -> None:
    page = await client.send("Activities", filter={"entityId": {"eq": client.me}})
    ((edge,),) = (page["edges"],)
    assert edge["node"]["metadata"] == {"role": "member", "registrationSource": "api"}


@pytest.mark.parametrize("first", [-5, 101])
async def test_a_history_of_another_length_is_refused(client: Client, first: int) -> None:
    code, message = await client.error("History", stream=client.me, first=first)
    assert (code, message) == (
        "BAD_USER_INPUT",
        f"first must be from 0 to 100, not {first}: a page holds no more.",
    )


async def test_a_long_history_is_read_in_pages_and_bounded_in_bytes(client: Client) -> None:
    task = await created(client, "0")
    for number in range(1, 130):
        await client.send("RenameTask", input={"id": task["id"], "title": str(number)})
    first = await client.send("History", stream=task["id"], first=100)
    cursor = first["pageInfo"]["endCursor"]
    rest = await client.send("History", stream=task["id"], after=cursor)
    assert [event["version"] for event in first["nodes"] + rest["nodes"]] == list(range(1, 121))
    for number in range(120):
        text = f"{number}" + "🦆" * 19_990
        await client.send("DescribeTask", input={"id": task["id"], "description": text})
    few = await client.send("History", stream=task["id"], after=rest["pageInfo"]["endCursor"], first=20)
    assert len(few["nodes"]) == 20
    names = " ".join(
        f'h{n}: history(stream: "{task["id"]}", first: 100, after: "{few["pageInfo"]["endCursor"]}")'
        f" {{ nodes {{ version }} }}"
        for n in range(5)
    )
    answer = (await client.post(f"{{ {names} }}")).json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"RESPONSE_TOO_LARGE"}
