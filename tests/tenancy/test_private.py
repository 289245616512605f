"""No query shows anybody anything of a private project that they do not belong to, whatever it was before.

Every field of the schema is asked, with every id of it, while no worker runs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenancy.actors import Actor
from tests.tenancy.marks import marks
from tests.tenancy.scene import SURFACE
from tests.tenancy.sweeping import Sweep
from tests.work.api import created

WORD = "tasmania"
WHO = {
    "member": ROLES["member"],
    "guest": ROLES["guest"],
    "auditor": ROLES["guest"] | {"audit:read", "work:confidential", "users:read"},
}


@dataclass
class Scene:
    """A tenant while no worker runs."""

    product: Product
    owner: Client
    others: dict[str, Client]

    async def project(self, visibility: str = "PRIVATE") -> str:
        """A new project."""
        input = {"name": WORD, "description": WORD, "visibility": visibility}
        receipt = await self.owner.send("CreateProject", input=input)
        return str(receipt["project"]["id"])

    async def task(self, project: str | None) -> str:
        """A new task, of the owner's."""
        more = {"description": WORD, "assignedTo": self.owner.me, "tags": [WORD]}
        return str((await created(self.owner, WORD, projectId=project, **more))["id"])

    async def said(self, mutation: str, **input: object) -> None:
        """What the owner does."""
        receipt = await self.owner.send(mutation, input=input)
        assert "position" in receipt, receipt

    def sweep(self, name: str, work: Mapping[str, tuple[str, str]]) -> Sweep:
        """Everything that somebody may ask, with what there is to be known of projects with a task each."""
        client = self.others[name]
        caller = Caller(tenant_id=client.tenant, user_id=client.user, permissions=frozenset(WHO[name]))
        ids, texts = dict[str, str](), {"the word": WORD}
        for way, (project, task) in work.items():
            ids |= {f"project {way}": project, f"task {way}": task}
            texts |= {f"project {way}": f"project_{project}", f"task {way}": f"task_{task}"}
        actor = Actor(name, self.product.http, caller, client.token)
        return Sweep(SURFACE, actor, marks([WORD], ids.values()), ids, texts)


@pytest.fixture(scope="module")
async def scene(product: Product) -> AsyncIterator[Scene]:
    """The owner, and those who do not belong to the projects."""
    owner = await product.newcomer("Olga", role="member")
    others = {}
    for name, permissions in WHO.items():
        known = await product.newcomer(name, tenant=owner.tenant, role="guest")
        others[name] = product.client(owner.tenant, known.user, permissions, role="guest")
    await product.worker.pause()
    yield Scene(product, owner, others)
    await product.worker.start()


async def always(scene: Scene) -> tuple[str, str]:
    """It was never anything else."""
    project = await scene.project()
    return project, await scene.task(project)


async def made_private(scene: Scene) -> tuple[str, str]:
    """Once everybody saw it."""
    project = await scene.project("PUBLIC")
    task = await scene.task(project)
    await scene.said("ChangeProjectVisibility", id=project, visibility="PRIVATE")
    return project, task


async def left(scene: Scene) -> tuple[str, str]:
    """All of them belonged to it."""
    project = await scene.project()
    task = await scene.task(project)
    for mutation in ("AddProjectMember", "RemoveProjectMember"):
        for actor in scene.others.values():
            await scene.said(mutation, id=project, userId=actor.me)
    return project, task


async def moved(scene: Scene) -> tuple[str, str]:
    """The task was everybody's."""
    task = await scene.task(None)
    project = await scene.project()
    await scene.said("MoveTask", id=task, projectId=project)
    return project, task


async def parked(scene: Scene) -> tuple[str, str]:
    """It is public, but its stream cannot be folded: nothing is certain."""
    project = await scene.project("PUBLIC")
    task = await scene.task(project)
    connection = await asyncpg.connect(scene.product.settings.database_url)
    try:
        await connection.execute(
            "insert into ops.parked (view, generation, stream, tenant_id, topic, position, event_id, event_type,"
            " error, attempts) select view, live, $1, $2, 'work.project', 1, $3, 'x', 'x', 1 from ops.views"
            " where view = 'tasks.projects'",
            project,
            scene.owner.tenant,
            uuid4(),
        )
    finally:
        await connection.close()
    return project, task


Way = Callable[[Scene], Awaitable[tuple[str, str]]]


# What is parked changes how all of a tenant is read, so it comes after the others.
@pytest.mark.parametrize("ways", [(always, made_private, left, moved), (parked,)], ids=["certain", "parked"])
async def test_nobody_else_is_shown_anything_of_it(scene: Scene, ways: tuple[Way, ...]) -> None:
    work = {way.__name__: await way(scene) for way in ways}
    for name in WHO:
        assert [str(finding) for finding in await scene.sweep(name, work).read()] == []


async def test_nor_of_what_a_task_was_there_once_it_lies_elsewhere(scene: Scene) -> None:
    private = await scene.project()
    task = await scene.task(private)
    public = (await scene.owner.send("CreateProject", input={"name": "Open"}))["project"]["id"]
    await scene.said("MoveTask", id=task, projectId=public)
    await scene.said("UpdateTask", id=task, title="plain", description="plain", tags=["plain"])
    for name in WHO:
        found = await scene.sweep(name, {"once": (private, task)}).read()
        assert {"task", "tasks", "history"} <= {finding.root for finding in found}
        secret = {WORD, private.replace("-", "")}
        assert [str(finding) for finding in found if finding.crossed & secret] == []


async def test_what_is_public_is_found_by_the_same_visit(scene: Scene) -> None:
    """Or the test above would prove nothing."""
    project = await scene.project("PUBLIC")
    task = await scene.task(project)
    shown = {"task", "tasks", "project", "projects", "history", "node", "searchTasks"}
    for name in WHO:
        read = await scene.sweep(name, {"public": (project, task)}).read({*shown, "activities"})
        found = {finding.root for finding in read if finding.crossed}
        assert found == (shown | {"activities"} if name == "auditor" else shown)


COUNTS = """query ($user: ID!, $project: ID!) {
  taskStats(userId: $user) { todo completed }
  userTasks(userId: $user) { nodes { id } }
  tasks { totalCount }
  projects { totalCount }
  searchTasks(text: "") { totalCount facets { tags { value count } status { value count } } }
  searchProjects(text: "") { totalCount }
  taskDays { nodes { day created completed } }
  of: taskDays(userId: $user) { nodes { day created completed } }
  project(id: $project) { progress { todo } }
}"""


async def counted(scene: Scene, name: str, project: str) -> Any:
    """All numbers that somebody is shown, when the worker has folded all there is."""
    answer = await scene.others[name].post(COUNTS, {"user": scene.owner.me, "project": project})
    assert "errors" not in answer.json(), answer.json()
    return answer.json()["data"]


@pytest.mark.parametrize("name", ["member", "guest"])
async def test_no_number_counts_hidden_work(scene: Scene, name: str) -> None:
    public = await scene.project("PUBLIC")
    await scene.task(public)
    await scene.product.worker.start()
    try:
        await _followed(scene)
        before = await counted(scene, name, public)
        assert all(
            [before["taskStats"]["todo"], before["taskDays"]["nodes"][0]["created"], before["of"]["nodes"]]
        )
        project = await scene.project()
        for _ in range(2):
            await scene.said("CompleteTask", id=await scene.task(project))
        await scene.task(project)
        await _followed(scene)
        assert await counted(scene, name, public) == before
    finally:
        await scene.product.worker.pause()


async def _followed(scene: Scene) -> None:
    """Wait until the views of counts have folded all there is."""
    task = await created(scene.owner, projectId=await scene.project())
    receipt = await scene.owner.send("TagTask", input={"id": task["id"], "tags": [WORD]})
    everybody = scene.product.client(scene.owner.tenant, scene.owner.user)
    await everybody.send("TaskStats", afterPosition=receipt["position"])
    answer = await everybody.post(
        f'{{ taskDays(afterPosition: "{receipt["position"]}") {{ nodes {{ day }} }} }}'
    )
    assert "stale" not in answer.json()["extensions"]
