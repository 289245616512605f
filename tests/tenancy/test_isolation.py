"""Two tenants through everything that the API has: nobody sees or touches what is another's."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.tenancy.scene import SECRET, Scene, changing, things
from tests.tenancy.surface import (
    NOT_A_TENANTS,
    holds,
    ids_taken,
    kind_of,
    own_input,
    required,
    required_arguments,
    root,
)


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


async def test_no_query_answers_with_what_is_anothers(scene: Scene) -> None:
    asked = queries(scene)
    assert set(asked) == root("query").keys() - NOT_A_TENANTS
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


@pytest.fixture(scope="module")
async def namesake(scene: Scene, searching: Product) -> Client:
    """Somebody of a third tenant whose things have the very ids that the first tenant's have."""
    client = searching.client(uuid4(), scene.owner.user, ["ops:*"])
    ids = scene.ids
    for mutation, input in (
        ("RegisterUser", {"id": client.me, "email": "joe@example.com", "firstName": "Joe"}),
        ("CreateProject", {"id": ids["project"], "name": "Joes"}),
        (
            "CreateTask",
            {"id": ids["task"], "title": "Joes", "projectId": ids["project"], "assignedTo": ids["person"]},
        ),
    ):
        assert "position" in await client.send(mutation, input=input)
    return client


async def test_an_id_may_be_used_in_two_tenants_and_means_two_things(scene: Scene, namesake: Client) -> None:
    """Were it refused, whoever guesses ids would learn which there are."""
    position = (await namesake.send("RenameTask", input={"id": scene.ids["task"], "title": "Joes"}))[
        "position"
    ]
    for client, word in ((namesake, "Joes"), (scene.owner, SECRET)):
        task = await client.send("Task", id=scene.ids["task"], afterPosition=position)
        project = await client.send("Project", id=scene.ids["project"], afterPosition=position)
        stats = await client.send("TaskStats", userId=scene.ids["person"], afterPosition=position)
        names = [task["title"], task["project"]["name"], project["name"], stats["todo"]]
        assert names == [word, word, word, 1]

    async def indexed() -> bool:
        found = await namesake.send("SearchTasks", text="joes")
        return bool(found["source"] == "opensearch" and found["hits"])

    await until(indexed)
    assert (await namesake.send("SearchTasks", text=SECRET))["totalCount"] == 0
    assert (await scene.owner.send("SearchTasks", text="joes"))["totalCount"] == 0
    assert (await scene.owner.send("SearchTasks", text=SECRET))["totalCount"] == 1


SUBSCRIPTIONS: list[tuple[str, dict[str, str]]] = [
    ("TaskChanged", {}),
    ("TaskChanged", {"projectId": "project"}),
    ("TaskChanged", {"assigneeId": "person"}),
    ("TaskStatsChanged", {}),
    ("TaskStatsChanged", {"userId": "person"}),
    ("Events", {}),
]


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize(("operation", "watched"), SUBSCRIPTIONS)
async def test_nobody_hears_of_what_is_anothers(
    scene: Scene, namesake: Client, searching: Product, operation: str, watched: dict[str, str], resumed: bool
) -> None:
    """Though both tenants' things have the same ids and change all the time."""
    variables = {name: scene.ids[one] for name, one in watched.items()}
    if resumed:
        variables["resumeFrom"] = "0"
    async with (
        namesake.watching(operation, **variables) as messages,
        changing(scene.ids["task"], namesake, scene.owner),
        asyncio.timeout(30),
    ):
        heard = [await anext(messages) for _ in range(6)]
    assert SECRET not in str(heard)
    owner = await asyncpg.connect(searching.settings.database_url)
    try:
        positions = [int(one["cursor"]) for one in heard]
        sql = "select distinct tenant_id from es.events where position = any($1)"
        assert [row["tenant_id"] for row in await owner.fetch(sql, positions)] == [namesake.tenant]
    finally:
        await owner.close()


def test_every_subscription_is_tried() -> None:
    tried = {operation[0].lower() + operation[1:] for operation, _ in SUBSCRIPTIONS}
    assert tried == root("subscription").keys() - NOT_A_TENANTS


# Whatever their input asks for, so that it is the permission that is missing.
OPERATORS_INPUT: dict[str, Any] = {
    "id": str(uuid4()),
    "view": "tasks.tasks",
    "views": ["tasks.tasks"],
    "stream": str(uuid4()),
    "reason": "x",
}


@pytest.mark.parametrize("field", sorted(NOT_A_TENANTS))
async def test_what_is_no_tenants_is_for_operators_alone(searching: Product, field: str) -> None:
    client = searching.client(uuid4(), uuid4(), ["work:*", "ops:events"])
    operation = field[0].upper() + field[1:]
    if field in root("mutation"):
        input = {name: OPERATORS_INPUT[name] for name in required(field)}
        code = (await client.send(operation, input=input))["code"]
        assert code == "forbidden"
        return
    variables = dict.fromkeys(required_arguments(field), OPERATORS_INPUT["id"])
    if field in root("query"):
        code, _ = await client.error(operation, **variables)
    else:
        async with client.watching(operation, **variables) as messages:
            (error,) = (await anext(messages))["errors"]
        code = error["extensions"]["code"]
    assert code == "FORBIDDEN"
