"""What was made private, and who was taken off, holds once it is answered: no worker has to see to it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.composition.write_side import written
from app.settings import Settings
from domain.identity.authorization import BaseRole
from domain.identity.invitations import InviteUser, RejoinByInvitation
from domain.identity.user_commands import SuspendUser
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from tests.identity.people import HASH
from tests.kit.client import Client
from tests.kit.product import Product, produced
from tests.work.api import created, head

SECRET = "We buy Zanzibar"


async def versions(client: Client, name: str, id: str) -> bool:
    """Whether somebody is told how many versions a thing has."""
    return "errors" in await client.answer(name, id=id, version=99)


class Scene:
    """An owner, a member and a guest of one tenant, while no worker runs."""

    product: Product
    owner: Client
    member: Client
    guest: Client

    async def project(self, visibility: str = "PRIVATE") -> str:
        """A new project."""
        receipt = await self.owner.send("CreateProject", input={"name": SECRET, "visibility": visibility})
        return str(receipt["project"]["id"])

    async def task(self, project: str | None) -> dict[str, Any]:
        """A new task in a project."""
        return dict(await created(self.owner, SECRET, description=SECRET, projectId=project))

    async def shown(self, client: Client, project: str, task: str) -> dict[str, object]:
        """Where somebody comes across the project or its task."""
        within = {"projectId": {"eq": project}}
        seen = {
            "task": await client.send("Task", id=task),
            "tasks": (await client.send("Tasks", filter=within))["edges"],
            "newest": any(
                edge["node"]["id"] == task for edge in (await client.send("Tasks", first=2))["edges"]
            ),
            "past": await client.send("Task", id=task, version=1),
            "versions": await versions(client, "Task", task) or await versions(client, "Project", project),
            "project": await client.send("Project", id=project),
            "projects": any(
                edge["node"]["id"] == project for edge in (await client.send("Projects"))["edges"]
            ),
            "search": (await client.send("SearchTasks", text=SECRET, filter=within))["edges"],
            "node": await client.send("Node", id=task),
            "history": await client.send("History", stream=task),
        }
        return {name: bool(answer) for name, answer in seen.items()}


@pytest.fixture(scope="module")
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    """The three; the worker stands still, so that nobody need wait long for it."""
    async with produced(settings, after_wait_ms=2000) as product:
        scene = Scene()
        scene.product = product
        scene.owner = await product.newcomer("Olga", role="member")
        scene.member = await product.newcomer("Max", tenant=scene.owner.tenant, role="member")
        scene.guest = await product.newcomer("Gil", tenant=scene.owner.tenant, role="guest")
        await product.worker.pause()
        yield scene


async def test_a_project_that_was_just_made(scene: Scene) -> None:
    project = await scene.project()
    task = await scene.task(project)
    for client in (scene.member, scene.guest):
        found = await scene.shown(client, project, task["id"])
        assert not any(found.values()), found
    found = await scene.shown(scene.owner, project, task["id"])
    assert all(found.values()), found


async def test_a_project_that_was_made_private_later(scene: Scene) -> None:
    project = await scene.project("PUBLIC")
    task = await scene.task(project)
    assert all((await scene.shown(scene.member, project, task["id"])).values())
    await scene.owner.send("ChangeProjectVisibility", input={"id": project, "visibility": "PRIVATE"})
    found = await scene.shown(scene.member, project, task["id"])
    assert not any(found.values()), found


async def test_a_member_who_was_taken_off(scene: Scene) -> None:
    project = await scene.project()
    task = await scene.task(project)
    change = {"id": project, "userId": scene.member.me}
    await scene.owner.send("AddProjectMember", input=change)
    assert all((await scene.shown(scene.member, project, task["id"])).values())
    await scene.owner.send("RemoveProjectMember", input=change)
    found = await scene.shown(scene.member, project, task["id"])
    assert not any(found.values()), found


async def test_a_task_that_was_moved_into_a_private_project(scene: Scene) -> None:
    """Its past goes with it: what is hidden today is hidden as of any moment."""
    task = await scene.task(None)
    at = await head(scene.owner, task)
    project = await scene.project()
    assert await scene.member.send("Task", id=task["id"], version=1)
    await scene.owner.send("MoveTask", input={"id": task["id"], "projectId": project})
    found = await scene.shown(scene.member, project, task["id"])
    assert not any(found.values()), found
    past = await scene.member.send("Tasks", first=100, asOf={"position": at})
    assert task["id"] not in [edge["node"]["id"] for edge in past["edges"]]
    assert (await scene.owner.send("Task", id=task["id"], version=1))["title"] == SECRET


@pytest.mark.parametrize("mutation", ["RenameTask", "DescribeTask", "CompleteTask", "ReopenTask"])
async def test_nobody_changes_a_task_that_they_do_not_see(scene: Scene, mutation: str) -> None:
    task = await scene.task(await scene.project())
    more = {"RenameTask": {"title": "x"}, "DescribeTask": {"description": "x"}}.get(mutation, {})
    answer = await scene.member.send(mutation, input={"id": task["id"], **more})
    assert (answer.get("code"), answer.get("field")) == ("not_found", "id")


async def test_nobody_makes_themselves_a_member(scene: Scene) -> None:
    project = await scene.project()
    change = {"id": project, "userId": scene.member.me}
    assert (await scene.member.send("AddProjectMember", input=change))["code"] == "not_found"
    await created(scene.owner, projectId=project)
    answer = await scene.member.send("CreateTask", input={"title": "x", "projectId": project})
    assert (answer.get("code"), answer.get("field")) == ("not_found", "projectId")


@pytest.mark.parametrize("view", ["tasks.projects", "tasks.project_members", "tenancy.tenant_memberships"])
async def test_what_a_view_lacks_hides(scene: Scene, view: str) -> None:
    """A parked stream or a lane that is behind: who sees what is not certain, so it is shown to nobody."""
    project = await scene.project("PUBLIC")
    task = await scene.task(project)
    connection = await asyncpg.connect(scene.product.settings.database_url)
    try:
        for doing, undoing in (
            (
                "insert into ops.parked (view, generation, stream, tenant_id, topic, position, event_id,"
                " event_type, error, attempts) select $1, live, $2, $3, 'work.project', 1, $2, 'x', 'x', 1"
                " from ops.views where view = $1",
                "delete from ops.parked where view = $1 and stream = $2 and tenant_id = $3",
            ),
            (
                "update ops.lanes set position = position - 1 where view = $1 and $2::uuid <> $3::uuid",
                "update ops.lanes set position = position + 1 where view = $1 and $2::uuid <> $3::uuid",
            ),
        ):
            await connection.execute(doing, view, project, str(scene.owner.tenant))
            found = await scene.shown(scene.member, project, task["id"])
            await connection.execute(undoing, view, project, str(scene.owner.tenant))
            assert not any(found.values()), found
            assert all((await scene.shown(scene.member, project, task["id"])).values())
    finally:
        await connection.close()


async def test_who_left_and_is_taken_in_again_begins_anew(scene: Scene) -> None:
    """Memberships of projects end with that of the tenant, though nobody took them back."""
    project = await scene.project()
    task = await scene.task(project)
    await scene.owner.send("AddProjectMember", input={"id": project, "userId": scene.member.me})
    assert all((await scene.shown(scene.member, project, task["id"])).values())
    head = scene.product.client(scene.owner.tenant, scene.owner.user)
    assert "position" in await head.send("RemoveUser", input={"id": scene.member.me})
    async with written(scene.product.settings) as side:
        by, invitation = _boss(scene), uuid4()
        for command in (
            InviteUser(id=invitation, email="max@example.com", role=BaseRole.GUEST, token_hash=HASH),
            RejoinByInvitation(
                id=scene.member.user,
                invitation_id=invitation,
                inviter_id=scene.owner.user,
                token_hash=HASH,
            ),
        ):
            outcome = await side.bus.send(command, by=by)
            assert isinstance(outcome, AppendReceipt), outcome
    found = await scene.shown(scene.member, project, task["id"])
    assert not any(found.values()), found
    await scene.owner.send("RemoveProjectMember", input={"id": project, "userId": scene.member.me})
    await scene.owner.send("AddProjectMember", input={"id": project, "userId": scene.member.me})
    assert all((await scene.shown(scene.member, project, task["id"])).values())


async def test_work_is_given_only_to_who_is_there(scene: Scene) -> None:
    """Whatever an aggregate at hand says: the append is refused when the person left meanwhile."""
    task = await scene.task(None)
    head = scene.product.client(scene.owner.tenant, scene.owner.user)
    assign = {"id": task["id"], "assignedTo": scene.guest.me}
    assert "position" in await head.send("AssignTask", input=assign)
    await head.send("UnassignTask", input={"id": task["id"]})
    # By another process, so that what this one has at hand is old.
    async with written(scene.product.settings) as side:
        assert isinstance(
            await side.bus.send(SuspendUser(id=scene.guest.user), by=_boss(scene)), AppendReceipt
        )
    answer = await head.send("AssignTask", input=assign)
    assert (answer["code"], answer["field"]) == ("user_is_suspended", "assignedTo")


def _boss(scene: Scene) -> Caller:
    return Caller(tenant_id=scene.owner.tenant, user_id=scene.owner.user, permissions=ROLES["owner"])


async def test_who_watches_is_told_when_a_task_leaves_their_sight(scene: Scene) -> None:
    task, hidden = await scene.task(None), await scene.task(await scene.project())
    project = await scene.project()
    start = await head(scene.owner, task)
    for mutation, input in (
        ("MoveTask", {"id": task["id"], "projectId": project}),
        ("RenameTask", {"id": task["id"], "title": f"{SECRET} 2"}),
        ("MoveTask", {"id": hidden["id"], "projectId": project}),
        ("CompleteTask", {"id": hidden["id"]}),
        ("MoveTask", {"id": task["id"], "projectId": None}),
    ):
        assert "position" in await scene.owner.send(mutation, input=input), mutation
    async with scene.member.watching("TaskChanged", resumeFrom=start) as messages:
        back = await anext(messages)
    # By then the task was back; what happened while it was away is told to nobody else.
    assert (back["kind"], back["node"]["title"]) == ("UPDATED", f"{SECRET} 2")
    async with scene.member.watching("TaskChanged") as messages:
        await scene.owner.send("MoveTask", input={"id": task["id"], "projectId": project})
        gone = await anext(messages)
    assert (gone["kind"], gone["nodeId"], gone["node"]) == ("REMOVED", task["id"], None)


async def test_who_watches_is_told_to_read_anew_when_they_see_less(scene: Scene) -> None:
    project = await scene.project("PUBLIC")
    async with scene.member.watching("TaskChanged") as messages:
        await scene.owner.send("ChangeProjectVisibility", input={"id": project, "visibility": "PRIVATE"})
        message = await anext(messages)
    assert message["reason"] == "What you may see has changed: read it again."


async def test_counts_that_change_tell_nothing_of_hidden_work(scene: Scene) -> None:
    private = await scene.project()
    head = scene.product.client(scene.owner.tenant, scene.owner.user)
    async with scene.member.watching("TaskStatsChanged", userId=scene.owner.me) as messages:
        task = await created(scene.owner, projectId=private, assignedTo=scene.owner.me)
        assert "position" in await head.send("CompleteTask", input={"id": task["id"]})
        plain = await created(scene.owner, assignedTo=scene.owner.me)
        message = await anext(messages)
    assert message["change"] == "TASK_CREATED"
    assert (message["node"]["todo"], message["node"]["completed"]) == (1, 0), plain


@pytest.mark.parametrize(
    ("permissions", "people", "work", "roles"),
    [
        ({"work:read"}, False, False, False),
        ({"work:read", "users:read"}, True, False, False),
        ({"work:read", "audit:read"}, True, False, True),
        ({"work:read", "work:all"}, False, True, False),
        ({"work:read", "work:all", "audit:read"}, True, True, True),
    ],
)
async def test_a_history_is_read_by_who_may_read_the_thing(
    scene: Scene, permissions: set[str], people: bool, work: bool, roles: bool
) -> None:
    head = scene.product.client(scene.owner.tenant, scene.owner.user)
    role = await head.send("CreateRole", input={"name": f"R {uuid4()}", "permissions": ["work:read"]})
    task = await scene.task(await scene.project())
    token = scene.product.token(scene.owner.tenant, uuid4(), permissions)
    reader = replace(scene.member, token=token)
    found = [
        bool(await reader.send("History", stream=id))
        for id in (scene.owner.me, task["id"], role["commandId"])
    ]
    assert found == [people, work, roles]


async def test_lists_leave_deleted_projects_out_unless_asked(scene: Scene) -> None:
    id = await scene.project("PUBLIC")
    task = await scene.task(id)
    assert "position" in await scene.owner.send("DeleteProject", input={"id": id})
    for more, there in (({}, False), ({"filter": {"status": {"in": ["DELETED"]}}}, True)):
        listed = await scene.owner.send("Projects", first=100, **more)
        assert (id in [edge["node"]["id"] for edge in listed["edges"]]) is there
    for status, there in ((None, False), (["DELETED"], True)):
        filter: dict[str, Any] = {} if status is None else {"filter": {"status": {"in": status}}}
        found = await scene.owner.send("SearchProjects", text=SECRET, first=100, **filter)
        assert (id in [hit["node"]["id"] for hit in found["edges"]]) is there
    answer = await scene.owner.send("CompleteTask", input={"id": task["id"]})
    assert (answer["code"], answer["field"]) == ("project_is_deleted", "id")
