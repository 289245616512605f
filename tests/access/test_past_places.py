"""What a task was in a private project is told to nobody else, wherever the past is told; all else is."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.kit.caller import PLATFORM
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.rebuilding import rebuilding
from tests.work.api import created, project

OPEN = """query Told($id: ID, $person: ID!, $asOf: AsOf) {
  activities(filter: {entityId: {eq: $id}}, asOf: $asOf, direction: ASC) {
    nodes { id action metadata }
    totalCount
  }
  user(id: $person) { events(first: 100) { nodes { entityId action metadata } } }
}"""
NODES = "query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id } }"
AUDITOR = ("audit:read", "work:read", "users:read")

Told = list[tuple[str, str | None]]
"""What happened, with the title that is told."""


class Scene:
    """A task that went to and fro between a private and a public project."""

    product: Product
    owner: Client
    member: Client
    auditor: Client
    admin: Client
    private: str
    public: str
    task: str
    begun: int
    at: dict[str, int]
    """Where in the log each title was given."""
    all: Told
    shown: Told
    """What of it is told to who does not belong to the private project."""

    async def activities(self, client: Client, **moment: Any) -> Told:
        """As the activity log tells it, of the present or the past, and that of the person who did it."""
        answer = (await client.post(OPEN, {"id": self.task, "person": self.owner.me, **moment})).json()
        assert "errors" not in answer, answer
        found, events = answer["data"]["activities"], answer["data"]["user"]["events"]["nodes"]
        assert found["totalCount"] == len(found["nodes"])
        told = [(node["action"].lower(), node["metadata"].get("title")) for node in found["nodes"]]
        assert [
            (event["action"].lower(), event["metadata"].get("title"))
            for event in reversed(events)
            if event["entityId"] == self.task
        ] == told
        return told

    ids: set[str]
    """Of all activities of the task."""

    async def nodes(self, client: Client) -> int:
        """How many activities are found by their ids."""
        answer = (await client.post(NODES, {"ids": sorted(self.ids)})).json()
        return sum(node is not None for node in answer["data"]["nodes"])

    async def history(self, client: Client, first: int = 100) -> Told:
        """As the task's history tells it, by pages."""
        told: Told = []
        after = None
        while True:
            page = await client.send("History", stream=self.task, first=first, after=after)
            told += [(_last(node["type"]), node["data"].get("title")) for node in page["nodes"]]
            assert len(page["nodes"]) == first or not page["pageInfo"]["hasNextPage"]
            if not page["pageInfo"]["hasNextPage"]:
                return told
            after = page["pageInfo"]["endCursor"]

    async def events(self, client: Client) -> Told:
        """As the log tells it to who resumes from before."""
        last = await created(self.owner, "the end")
        told: Told = []
        async with client.watching("Events", resumeFrom=str(self.begun)) as messages:
            async for message in messages:
                if message["aggregateId"] == f"task_{last['id']}":
                    return told
                if message["aggregateId"] == f"task_{self.task}":
                    told.append((_last(message["type"]), message["data"].get("title")))
        raise AssertionError("The subscription ended.")

    async def changes(self, client: Client) -> list[str]:
        """The changes that somebody hears of who resumes from before."""
        last = await created(self.owner, "the end")
        heard: list[str] = []
        async with client.watching("TaskChanged", resumeFrom=str(self.begun)) as messages:
            async for message in messages:
                if message["nodeId"] == last["id"]:
                    return heard
                if message["nodeId"] == self.task:
                    heard.append(message["change"].removeprefix("TASK_").lower())
        raise AssertionError("The subscription ended.")

    async def titles(self, client: Client) -> list[str]:
        """The titles that are read as of the moments at which they were given."""
        read = [
            await client.send("Task", id=self.task, asOf={"position": str(position)})
            for position in self.at.values()
        ]
        return [task["title"] for task in read if task is not None]

    async def check(self, client: Client, told: Told) -> None:
        """Whatever tells the past tells this."""
        assert await self.activities(client) == told
        assert await self.activities(client, asOf={"position": str(max(self.at.values()))}) == told
        assert await self.nodes(client) == len(told)
        assert await self.history(client) == await self.history(client, first=2) == told
        assert await self.events(client) == told
        assert await self.titles(client) == [title for _, title in told if title is not None]


def _last(name: str) -> str:
    return name.rpartition(".")[-1]


@pytest.fixture(params=[True, False], ids=["created there", "created elsewhere"])
async def scene(product: Product, request: pytest.FixtureRequest) -> Scene:
    """The task, which lies in the public project now."""
    scene = Scene()
    scene.product = product
    owner = scene.owner = await product.newcomer("Olga", role="member")
    scene.member = await product.newcomer("Max", tenant=owner.tenant, role="member", permissions=AUDITOR)
    scene.auditor = await product.newcomer("Aud", tenant=owner.tenant, role="member", permissions=AUDITOR)
    scene.admin = await product.newcomer("Ann", tenant=owner.tenant, role="admin")
    scene.private = await project(owner, "Secret", visibility="PRIVATE")
    scene.public = await project(owner, "Open")
    joined = await owner.send("AddProjectMember", input={"id": scene.private, "userId": scene.member.me})
    scene.begun, scene.task = int(joined["position"]), str(uuid4())
    scene.at, scene.all, scene.shown = {}, [], []
    there = bool(request.param)

    async def do(mutation: str, action: str, title: str | None, *, hidden: bool, **more: Any) -> None:
        input = {"id": scene.task, **({} if title is None else {"title": title}), **more}
        receipt = await owner.send(mutation, input=input)
        scene.all.append((action, title))
        if not hidden:
            scene.shown.append((action, title))
        if title is not None:
            scene.at[title] = int(receipt["position"])

    async def name(title: str, *, hidden: bool) -> None:
        await do("RenameTask", "renamed", title, hidden=hidden)

    async def move(to: str) -> None:
        nonlocal there
        there = to == scene.private
        await do("MoveTask", "moved", None, hidden=True, projectId=to)

    first = scene.private if there else scene.public
    await do("CreateTask", "created", "0", hidden=there, projectId=first)
    await name("1", hidden=there)
    if there:
        await move(scene.public)
        await name("2", hidden=False)
    await move(scene.private)
    await name("3", hidden=True)
    await do("CompleteTask", "completed", None, hidden=True)
    await move(scene.public)
    await name("4", hidden=False)
    await do("ReopenTask", "reopened", None, hidden=False)
    await name("5", hidden=False)
    answer = (await scene.admin.post(OPEN, {"id": scene.task, "person": owner.me})).json()
    assert "errors" not in answer, answer
    scene.ids = {node["id"] for node in answer["data"]["activities"]["nodes"]}
    assert len(scene.ids) == len(scene.all)
    return scene


async def test_only_who_belongs_to_it_is_told(scene: Scene) -> None:
    assert scene.shown
    await scene.check(scene.auditor, scene.shown)
    for client in (scene.member, scene.admin):
        await scene.check(client, scene.all)


async def test_all_are_told_once_it_is_public(scene: Scene) -> None:
    await scene.owner.send("ChangeProjectVisibility", input={"id": scene.private, "visibility": "PUBLIC"})
    await scene.check(scene.auditor, scene.all)
    await scene.owner.send("ChangeProjectVisibility", input={"id": scene.private, "visibility": "PRIVATE"})
    await scene.check(scene.auditor, scene.shown)


async def test_who_is_taken_off_is_told_no_more_of_it(scene: Scene) -> None:
    change = {"id": scene.private, "userId": scene.member.me}
    await scene.owner.send("RemoveProjectMember", input=change)
    await scene.check(scene.member, scene.shown)


async def test_it_is_the_same_after_a_rebuild(scene: Scene) -> None:
    operator = scene.product.client(PLATFORM, uuid4(), ["ops:*"])
    async with rebuilding(scene.product.settings):
        views = ["tasks.tasks", "audit.activity_log"]
        asked = await operator.send("RebuildViews", input={"views": views, "parallel": 1})

        async def switched() -> bool:
            rebuild = await operator.send("Rebuild", id=asked["rebuild"]["id"])
            assert rebuild["state"] not in ("FAILED", "CANCELLED"), rebuild
            return not rebuild["open"]

        await until(switched)
    await scene.check(scene.auditor, scene.shown)
    await scene.check(scene.member, scene.all)


async def test_who_resumes_hears_when_it_came_and_left_but_not_what_happened_there(scene: Scene) -> None:
    heard = await scene.changes(scene.auditor)
    everything = await scene.changes(scene.member)
    assert everything == [action for action, _ in scene.all]
    moves = [action for action, title in scene.all if (action, title) in scene.shown or action == "moved"]
    assert heard == moves


async def test_moving_it_back_hides_all_of_it(scene: Scene) -> None:
    await scene.owner.send("MoveTask", input={"id": scene.task, "projectId": scene.private})
    assert await scene.activities(scene.auditor) == []
    assert await scene.auditor.send("History", stream=scene.task) is None
    assert await scene.events(scene.auditor) == []
    assert await scene.titles(scene.auditor) == []


async def test_nothing_is_told_of_a_task_whose_row_may_be_older(scene: Scene) -> None:
    """What happened to it since may have happened in another project."""
    connection = await asyncpg.connect(scene.product.settings.database_url)
    try:
        await connection.execute(
            "insert into ops.parked (view, generation, stream, tenant_id, topic, position, event_id, event_type,"
            " error, attempts) select view, live, $1, $2, 'work.task', 1, $1, 'x', 'x', 1"
            " from ops.views where view = 'tasks.tasks'",
            scene.task,
            scene.owner.tenant,
        )
        assert await scene.activities(scene.auditor) == []
        assert await scene.history(scene.auditor) == []
        assert await scene.activities(scene.admin) == scene.all
        await connection.execute("delete from ops.parked where stream = $1", scene.task)
        assert await scene.activities(scene.auditor) == scene.shown
    finally:
        await connection.close()
