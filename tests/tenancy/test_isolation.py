"""Two tenants through everything that the API has: nobody sees or touches what is another's."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.processes import until
from tests.kit.product import Product
from tests.tenancy.scene import SECRET, Scene, changing, things
from tests.tenancy.surface import holds, ids_taken, kind_of, own_input, root
from tests.work.api import head


@pytest.fixture(scope="module")
async def scene(searching: Product) -> Scene:
    """What the tests below look at, also in Redis, OpenSearch and the caches."""
    owner = await searching.newcomer(SECRET, permissions=["ops:*"])
    stranger = await searching.newcomer("Eve", permissions=["ops:*"])
    ids, own = await things(owner, SECRET), await things(stranger, "Mine")
    cursors = {}
    for operation in ("Tasks", "Projects", "People", "Activities"):
        cursors[operation] = (await owner.send(operation, first=1))["edges"][0]["cursor"]

    async def indexed() -> bool:
        found = [await owner.send(f"Search{kind}", text=SECRET) for kind in ("Tasks", "Projects")]
        return all(one["source"] == "opensearch" and one["hits"] for one in found)

    await until(indexed)
    await owner.send("UserTasks")
    await owner.send("TaskStats")
    return Scene(owner, stranger, ids, own, cursors)


def queries(scene: Scene) -> dict[str, list[tuple[str, dict[str, Any], Any]]]:
    """For each root field: operations with the first tenant's ids, and the answer to the stranger."""
    ids, empty = scene.ids, {"nodes": [], "page": 1, "hasNextPage": False}
    nothing: dict[str, Any] = {"edges": []}
    nobody: dict[str, Any] = {"hits": [], "totalCount": 0}
    search = {"text": SECRET}
    return {
        "task": [("Task", {"id": ids["task"]}, None)],
        "tasks": [
            ("Tasks", {"filter": {"projectId": ids["project"]}}, nothing),
            ("Tasks", {"filter": {"assignedTo": ids["person"]}}, nothing),
            ("Tasks", {"filter": {"text": SECRET}}, nothing),
            ("Tasks", {"filter": {"tags": [SECRET.lower()]}}, nothing),
            ("CountTasks", {"filter": {"tags": [SECRET.lower()]}}, {"totalCount": 0}),
        ],
        "project": [("Project", {"id": ids["project"]}, None)],
        "projects": [
            ("Projects", {"filter": {"ownerId": ids["person"]}}, {**nothing, "totalCount": 0}),
            ("Projects", {"filter": {"text": SECRET}}, {**nothing, "totalCount": 0}),
        ],
        "searchTasks": [
            ("SearchTasks", search, nobody),
            ("SearchTasks", {"text": "", "filter": {"projectId": ids["project"]}}, nobody),
            ("SearchTasks", {"text": "", "filter": {"tag": SECRET.lower()}}, nobody),
        ],
        "searchProjects": [("SearchProjects", search, nobody)],
        "userTasks": [("UserTasks", {"userId": ids["person"]}, empty)],
        "taskStats": [("TaskStats", {"userId": ids["person"]}, None)],
        "taskDays": [("TaskDays", {}, [{"created": 1, "completed": 0}])],
        "person": [("Person", {"id": ids["person"]}, None)],
        "people": [("People", {}, {"edges": [{"node": {"name": "Eve"}}]})],
        "activities": [
            ("Activities", {"filter": {"entityId": ids["task"]}}, nothing),
            ("Activities", {"filter": {"actorId": ids["person"]}}, nothing),
        ],
        "history": [
            ("History", {"stream": f"{kind}{ids[name]}"}, None)
            for kind, name in (("", "task"), ("task_", "task"), ("", "project"), ("user_", "person"))
        ],
        "node": [("Node", {"id": id}, None) for id in ids.values()],
    }


# Only how far each view has folded the log of all tenants, for operators.
NOT_A_TENANTS = {"views"}


async def test_no_query_answers_with_what_is_anothers(scene: Scene) -> None:
    asked = queries(scene)
    assert set(asked) | NOT_A_TENANTS == set(root("query"))
    for calls in asked.values():
        for operation, variables, expected in calls:
            answer = await scene.stranger.send(operation, **variables)
            assert holds(answer, expected), (operation, variables, answer)
            assert SECRET not in str(answer)


async def test_the_owner_is_answered(scene: Scene) -> None:
    """Or the test above would prove nothing."""
    for calls in queries(scene).values():
        for operation, variables, _ in calls:
            if operation == "TaskDays":
                continue
            answer = await scene.owner.send(operation, **variables)
            assert answer not in (None, [], {"totalCount": 0}), (operation, variables)
            assert any(answer.get(name, True) for name in ("edges", "hits", "nodes")), (operation, variables)


async def test_cursors_of_another_tenant_are_refused(scene: Scene) -> None:
    for operation, cursor in scene.cursors.items():
        code, _ = await scene.stranger.error(operation, first=1, after=cursor)
        assert code == "BAD_CURSOR", operation


@pytest.mark.parametrize(("mutation", "at"), ids_taken())
async def test_no_mutation_takes_an_id_of_another_tenant(scene: Scene, mutation: str, at: str) -> None:
    given = {**own_input(mutation, scene.own), at: scene.ids[kind_of(mutation, at)]}
    stands = [await scene.owner.send("History", stream=id) for id in scene.ids.values()]
    answer = await scene.stranger.send(mutation[0].upper() + mutation[1:], input=given)
    # Nobody can be taken off a project who is not on it.
    code = "not_a_member" if (mutation, at) == ("removeProjectMember", "userId") else "not_found"
    assert (answer.get("code"), answer.get("field")) == (code, at), answer
    assert SECRET not in str(answer)
    assert [await scene.owner.send("History", stream=id) for id in scene.ids.values()] == stands


async def test_an_id_may_be_used_in_two_tenants_and_means_two_things(
    scene: Scene, searching: Product
) -> None:
    """Were it refused, whoever guesses ids would learn which there are."""
    joe = await searching.newcomer("Joe")
    id = scene.ids["task"]
    before = await scene.owner.send("Task", id=id)
    made = await joe.send("CreateTask", input={"id": id, "title": "Joes own"})
    position = (await joe.send("CreateProject", input={"id": scene.ids["project"], "name": "Joes"}))[
        "position"
    ]
    assert await scene.owner.send("Task", id=id, afterPosition=position) == before
    assert await joe.send("Task", id=id) == made["task"]
    assert (await joe.send("Project", id=scene.ids["project"], afterPosition=position))["name"] == "Joes"
    assert (await scene.owner.send("Project", id=scene.ids["project"]))["name"] == SECRET

    async def indexed() -> bool:
        found = await joe.send("SearchTasks", text="joes")
        return bool(found["source"] == "opensearch" and found["hits"])

    await until(indexed)
    for client, text in ((joe, SECRET), (scene.owner, "joes")):
        assert (await client.send("SearchTasks", text=text))["totalCount"] == 0
    assert (await scene.owner.send("SearchTasks", text=SECRET))["totalCount"] == 1


async def test_a_command_id_of_another_tenant_means_nothing(scene: Scene) -> None:
    command_id, answers = str(uuid4()), []
    for client, title in ((scene.owner, SECRET), (scene.stranger, "Mine")):
        input = {"id": str(uuid4()), "title": title}
        answers.append(await client.send("CreateTask", input=input, commandId=command_id))
    assert [(one["repeated"], one["task"]["title"]) for one in answers] == [(False, SECRET), (False, "Mine")]
    # So that the tests beside find what they expect.
    for client, answer in zip((scene.owner, scene.stranger), answers, strict=True):
        await client.send("RenameTask", input={"id": answer["task"]["id"], "title": "x"})


async def test_an_address_may_be_used_in_two_tenants(scene: Scene) -> None:
    person = {"email": f"{uuid4()}@example.com", "firstName": "Joe"}
    for client in (scene.owner, scene.stranger):
        assert "position" in await client.send("RegisterUser", input=person)


@pytest.fixture
async def start(scene: Scene) -> str:
    """Where the log stands before the things of the tests below happen."""
    return await head(scene.stranger, {"id": scene.own["task"], "tags": ["mine"]})


SUBSCRIPTIONS: dict[str, list[dict[str, str]]] = {
    "TaskChanged": [{}, {"projectId": "project"}, {"assigneeId": "person"}],
    "TaskStatsChanged": [{}, {"userId": "person"}],
    "Events": [{}],
}


@pytest.mark.parametrize("resumed", [True, False])
async def test_nobody_hears_of_what_is_anothers(scene: Scene, start: str, resumed: bool) -> None:
    assert {name[0].lower() + name[1:] for name in SUBSCRIPTIONS} == set(root("subscription"))
    for operation, some in SUBSCRIPTIONS.items():
        for named in some:
            variables = {name: scene.ids[one] for name, one in named.items()}
            async with (
                scene.stranger.watching(
                    operation, **variables, **({"resumeFrom": start} if resumed else {})
                ) as messages,
                changing(scene),
            ):
                if variables:
                    # What the stranger watches is not there, so nothing is ever heard.
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.5):
                            pytest.fail(str(await anext(messages)))
                else:
                    async with asyncio.timeout(30):
                        heard = str([await anext(messages) for _ in range(4)])
                    assert SECRET not in heard
                    assert not any(id in heard for id in scene.ids.values())
                    assert scene.stranger.me in heard
