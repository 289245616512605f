"""Private projects: who does not belong to one is shown nothing of it, wherever they look."""

import itertools
from typing import Any
from uuid import uuid4

import pytest

from domain.kit.caller import Caller
from domain.work.access import sees
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.work.api import created, head, project

WORD = "Zanzibar"


class Scene:
    """A tenant with a private project, its owner, a member, somebody else and an administrator."""

    owner: Client
    member: Client
    other: Client
    admin: Client
    project: str
    task: dict[str, Any]


@pytest.fixture(scope="module")
async def scene(searching: Product) -> Scene:
    """The private project, known to all views."""
    scene = Scene()
    scene.owner = await searching.newcomer("Olga", role="member")
    people = [
        await searching.newcomer(name, tenant=scene.owner.tenant, role="member") for name in ("Max", "Eve")
    ]
    scene.member, scene.other = people
    scene.admin = await searching.newcomer("Ann", tenant=scene.owner.tenant, role="admin")
    scene.project = await project(scene.owner, WORD, description=WORD, visibility="PRIVATE")
    await scene.owner.send("AddProjectMember", input={"id": scene.project, "userId": scene.member.me})
    scene.task = await created(
        scene.owner, WORD, description=WORD, projectId=scene.project, assignedTo=scene.member.me, tags=["z"]
    )

    async def indexed() -> bool:
        found = [await scene.admin.send(f"Search{kind}", text=WORD) for kind in ("Tasks", "Projects")]
        return all(search["source"] == "OPENSEARCH" and search["edges"] for search in found)

    await until(indexed)
    return scene


async def shown(client: Client, scene: Scene) -> dict[str, bool]:
    """Where somebody comes across the project or its task."""
    at = await head(scene.admin, scene.task)
    id, task = scene.project, scene.task["id"]
    requests: dict[str, Any] = {
        "task": await client.send("Task", id=task, afterPosition=at),
        "task of the past": await client.send("Task", id=task, asOf={"position": at}),
        "tasks": (await client.send("Tasks", filter={"projectId": {"eq": id}}))["edges"],
        "tasks by word": (await client.send("Tasks", filter={"text": WORD}))["edges"],
        "tasks of the past": (await client.send("Tasks", asOf={"position": at}))["edges"],
        "project": await client.send("Project", id=id, afterPosition=at),
        "projects": (await client.send("Projects"))["edges"],
        "found tasks": (await client.send("SearchTasks", text=WORD))["edges"],
        "found tasks at once": (await client.send("SearchTasks", text=WORD, afterPosition=at))["edges"],
        "counted tasks": (await client.send("SearchTasks", text=WORD))["totalCount"],
        "found projects": (await client.send("SearchProjects", text=WORD))["edges"],
        "somebody's tasks": (await client.send("UserTasks", userId=scene.member.me))["nodes"],
        "history": await client.send("History", stream=task),
        "history of the project": await client.send("History", stream=id),
        "node": await client.send("Node", id=task),
    }
    return {name: bool(answer) for name, answer in requests.items()}


async def test_whoever_belongs_to_it_sees_it(scene: Scene) -> None:
    for client in (scene.owner, scene.member, scene.admin):
        found = await shown(client, scene)
        assert all(found.values()), found


async def test_nobody_else_sees_anything_of_it(scene: Scene) -> None:
    # Answers that are kept for others, here those of the member just asked, are not handed on.
    await shown(scene.member, scene)
    found = await shown(scene.other, scene)
    assert not any(found.values()), found


async def test_what_is_moved_into_it_is_counted_nowhere(scene: Scene) -> None:
    """At once, while the index still has it where it was; nor from answers that are kept."""
    word = "Mandalay"
    task = await created(scene.owner, word, projectId=await project(scene.owner), tags=["m"])

    async def indexed() -> bool:
        found = await scene.other.send("SearchTasks", text=word)
        return bool(found["source"] == "OPENSEARCH" and found["totalCount"])

    await until(indexed)
    await scene.owner.send("MoveTask", input={"id": task["id"], "projectId": scene.project})
    found = await scene.other.send("SearchTasks", text=word)
    assert (found["totalCount"], found["facets"]) == (0, {"status": [], "priority": [], "tags": []})


async def test_nobody_else_changes_anything_in_it(scene: Scene) -> None:
    for mutation, input, field in (
        ("RenameTask", {"id": scene.task["id"], "title": "x"}, "id"),
        ("RenameProject", {"id": scene.project, "name": "x"}, "id"),
        ("AddProjectMember", {"id": scene.project, "userId": scene.other.me}, "id"),
        ("CreateTask", {"title": "x", "projectId": scene.project}, "projectId"),
    ):
        answer = await scene.other.send(mutation, input=input)
        assert (answer.get("code"), answer.get("field")) == ("not_found", field), (mutation, answer)


async def test_a_member_may_not_do_what_is_the_owners(scene: Scene) -> None:
    for mutation, input in (
        ("DeleteProject", {"id": scene.project}),
        ("ArchiveProject", {"id": scene.project}),
        ("ChangeProjectVisibility", {"id": scene.project, "visibility": "PUBLIC"}),
        ("RemoveProjectMember", {"id": scene.project, "userId": scene.owner.me}),
    ):
        assert (await scene.member.send(mutation, input=input))["code"] == "owner_only", mutation


async def test_who_joins_sees_it_and_who_leaves_no_longer(scene: Scene, searching: Product) -> None:
    client = await searching.newcomer("Joe", tenant=scene.owner.tenant, role="member")
    change = {"id": scene.project, "userId": client.me}
    for mutation, sees_it in (("AddProjectMember", True), ("RemoveProjectMember", False)):
        receipt = await scene.owner.send(mutation, input=change)
        found = await client.send("Task", id=scene.task["id"], afterPosition=receipt["position"])
        assert bool(found) is sees_it


@pytest.mark.parametrize("created_there", [True, False])
async def test_what_a_task_was_in_a_private_project_is_told_to_nobody_else(
    product: Product, created_there: bool
) -> None:
    owner = await product.newcomer("Olga", role="member")
    guest = await product.newcomer("Gus", tenant=owner.tenant, role="guest")
    private = await project(owner, "Secret", visibility="PRIVATE")
    public = await project(owner, "Open")
    task = await created(owner, WORD, projectId=private if created_there else public)
    if not created_there:
        await owner.send("MoveTask", input={"id": task["id"], "projectId": private})
    moved = await owner.send("MoveTask", input={"id": task["id"], "projectId": public})
    await owner.send("RenameTask", input={"id": task["id"], "title": "nothing"})
    assert (await guest.send("Task", id=task["id"], afterPosition=moved["position"]))["title"] == "nothing"
    history = (await guest.send("History", stream=task["id"]))["nodes"]
    there = [] if created_there else ["work.task.created"]
    assert [event["type"] for event in history] == [*there, "work.task.renamed"]
    assert (WORD in str(history)) is not created_there
    assert (await owner.send("History", stream=task["id"]))["nodes"][0]["data"]["title"] == WORD
    await owner.send("ChangeProjectVisibility", input={"id": private, "visibility": "PUBLIC"})
    assert (await guest.send("History", stream=task["id"]))["nodes"][0]["data"]["title"] == WORD


async def test_a_subscriber_hears_of_what_he_sees_alone(scene: Scene) -> None:
    start = await head(scene.admin, scene.task)
    plain = await created(scene.owner, "Plain")
    await scene.owner.send("RenameTask", input={"id": scene.task["id"], "title": f"{WORD} 2"})
    await scene.owner.send("RenameTask", input={"id": plain["id"], "title": "Plain 2"})
    heard = {}
    for name, client, count in (("member", scene.member, 3), ("other", scene.other, 2)):
        async with client.watching("TaskChanged", resumeFrom=start) as messages:
            heard[name] = [(await anext(messages))["node"]["title"] for _ in range(count)]
    assert heard == {"member": ["Plain 2", f"{WORD} 2", "Plain 2"], "other": ["Plain 2", "Plain 2"]}


@pytest.mark.parametrize(
    ("private", "role", "owns", "belongs"),
    list(itertools.product((True, False), ("member", "admin"), (True, False), (True, False))),
)
async def test_the_rule_and_what_is_shown_agree(
    product: Product, private: bool, role: str, owns: bool, belongs: bool
) -> None:
    """The rule in the domain's words and the queries that filter by it say the same."""
    owner = await product.newcomer("Olga", role="member")
    viewer = owner if owns else await product.newcomer("Vera", tenant=owner.tenant, role=role)
    id = await project(owner, "x", visibility="PRIVATE" if private else "PUBLIC")
    if belongs and not owns:
        await owner.send("AddProjectMember", input={"id": id, "userId": viewer.me})
    task = await created(owner, projectId=id)
    if owns:
        viewer = product.client(owner.tenant, owner.user, role=role)
    caller = Caller(
        tenant_id=viewer.tenant,
        user_id=viewer.user,
        permissions=frozenset({"work:all"} if role == "admin" else ()),
    )
    members = [owner.user, *([viewer.user] if belongs else [])]
    expected = sees(caller, private=private, owner_id=owner.user, members=members)
    at = await head(owner, task)
    assert bool(await viewer.send("Task", id=task["id"], afterPosition=at)) is expected
    assert bool(await viewer.send("Project", id=id, afterPosition=at)) is expected


async def test_confidential_fields_are_masked_for_who_may_not_read_them(product: Product) -> None:
    member = await product.newcomer(role="member")
    task = await created(member, "Plain", description=WORD)
    guest = product.client(member.tenant, uuid4(), role="guest")
    found = await guest.send("Task", id=task["id"])
    assert (found["title"], found["description"]) == ("Plain", "***")
    assert (await member.send("Task", id=task["id"]))["description"] == WORD
    assert (await guest.send("Tasks", filter={"text": WORD}))["edges"] == []
    assert (await guest.send("SearchTasks", text=WORD))["edges"] == []
