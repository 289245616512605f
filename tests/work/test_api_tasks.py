"""Tasks through the API: every mutation's receipt and refusal, and retries."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, head, named, project, refused, sent


async def test_creates_a_task_under_the_id_of_the_command(client: Client) -> None:
    command_id = str(uuid4())
    receipt = await client.send("CreateTask", input={"title": "Water the plants"}, commandId=command_id)
    created_at = receipt["task"]["createdAt"]
    assert receipt == {
        "commandId": command_id,
        "position": "2",
        "repeated": False,
        "task": {
            "id": command_id,
            "title": "Water the plants",
            "description": "",
            "status": "TODO",
            "priority": "MEDIUM",
            "dueDate": None,
            "tags": [],
            "createdAt": created_at,
            "updatedAt": created_at,
            "completedAt": None,
            "creator": {"id": client.me, "name": "Ada"},
            "assignee": None,
            "project": None,
        },
    }


# Each mutation with what has to happen before it, its input beside the id, and what it changes.
CHANGES: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = [
    ("RenameTask", (), {"title": " Feed the cat "}, {"title": "Feed the cat"}),
    ("DescribeTask", (), {"description": "Twice.\nDaily."}, {"description": "Twice.\nDaily."}),
    ("AssignTask", (), {"assignedTo": "me"}, {"assignee": {"id": "me", "name": "Ada"}}),
    ("UnassignTask", ("AssignTask",), {}, {"assignee": None}),
    ("ChangeTaskStatus", (), {"status": "IN_REVIEW"}, {"status": "IN_REVIEW"}),
    ("CompleteTask", (), {}, {"status": "COMPLETED", "completedAt": "updatedAt"}),
    ("ReopenTask", ("CompleteTask",), {}, {"status": "TODO", "completedAt": None}),
    ("CancelTask", (), {}, {"status": "CANCELLED"}),
    ("ChangeTaskPriority", (), {"priority": "CRITICAL"}, {"priority": "CRITICAL"}),
    ("SetTaskDueDate", (), {"dueDate": "2030-01-31T14:00:00+02:00"}, {"dueDate": "2030-01-31T12:00:00Z"}),
    ("TagTask", (), {"tags": ["home", "green", "home"]}, {"tags": ["home", "green"]}),
    ("MoveTask", (), {"projectId": "project"}, {"project": {"id": "project", "name": "Garden"}}),
]


@pytest.mark.parametrize(
    ("mutation", "before", "input", "changed"), CHANGES, ids=lambda value: str(value)[:20]
)
async def test_a_mutation_answers_with_the_task_as_it_now_stands(
    client: Client, mutation: str, before: tuple[str, ...], input: dict[str, Any], changed: dict[str, Any]
) -> None:
    names = {"me": client.me, "project": await project(client)}
    task = await created(client)
    for command in before:
        task = (
            await sent(
                client, command, task["id"], names, {"assignedTo": "me"} if "Assign" in command else {}
            )
        )["task"]
    command_id = str(uuid4())
    receipt = await sent(client, mutation, task["id"], names, input, commandId=command_id)
    after = receipt["task"]
    assert after["updatedAt"] > task["updatedAt"]
    known = {**names, "updatedAt": after["updatedAt"]}
    assert receipt == {
        "commandId": command_id,
        "position": await head(client, after),
        "repeated": False,
        "task": {**task, "updatedAt": after["updatedAt"], **named(changed, known)},
    }


REFUSALS: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, str | None]]] = [
    ("CreateTask", (), {"title": " "}, refused("invalid", "title", "Title must not be empty.")),
    (
        "CreateTask",
        (),
        {"title": "x" * 501},
        refused("invalid", "title", "Title has more than 500 characters."),
    ),
    (
        "CreateTask",
        (),
        {"title": "x", "assignedTo": "nobody"},
        refused("not_found", "assignedTo", "There is no such user."),
    ),
    (
        "CreateTask",
        (),
        {"title": "x", "projectId": "nobody"},
        refused("not_found", "projectId", "There is no such project."),
    ),
    (
        "CreateTask",
        (),
        {"title": "x", "id": "task"},
        refused("already_exists", "id", "There is already another task with this id."),
    ),
    ("RenameTask", (), {"title": ""}, refused("invalid", "title", "Title must not be empty.")),
    (
        "RenameTask",
        (),
        {"id": "nobody", "title": "x"},
        refused("not_found", "id", "There is no such task."),
    ),
    (
        "DescribeTask",
        (),
        {"description": "x" * 20_001},
        refused("invalid", "description", "Description has more than 20000 characters."),
    ),
    (
        "AssignTask",
        (),
        {"assignedTo": "nobody"},
        refused("not_found", "assignedTo", "There is no such user."),
    ),
    (
        "AssignTask",
        ("CancelTask",),
        {"assignedTo": "me"},
        refused("task_is_closed", "id", "This task is cancelled; reopen it first."),
    ),
    ("UnassignTask", (), {}, refused("task_not_assigned", "id", "Nobody is assigned to this task.")),
    (
        "ChangeTaskStatus",
        (),
        {"id": "nobody", "status": "TODO"},
        refused("not_found", "id", "There is no such task."),
    ),
    ("CompleteTask", ("CompleteTask",), {}, refused("task_already_done", "id", "This task is already done.")),
    (
        "ReopenTask",
        (),
        {},
        refused("task_is_open", "id", "This task is not closed, so it cannot be reopened."),
    ),
    (
        "CancelTask",
        ("CompleteTask",),
        {},
        refused("task_is_closed", "id", "This task is completed; reopen it first."),
    ),
    (
        "ChangeTaskPriority",
        (),
        {"id": "nobody", "priority": "LOW"},
        refused("not_found", "id", "There is no such task."),
    ),
    (
        "SetTaskDueDate",
        (),
        {"dueDate": "9999-01-01T00:00:00Z"},
        refused("invalid", "dueDate", "Due date is outside the years 1900 to 9000."),
    ),
    (
        "TagTask",
        (),
        {"tags": ["x" * 51]},
        refused("invalid", "tags", "Entry 1 of tags has more than 50 characters."),
    ),
    (
        "MoveTask",
        (),
        {"projectId": "nobody"},
        refused("not_found", "projectId", "There is no such project."),
    ),
    (
        "MoveTask",
        (),
        {"projectId": "archived"},
        refused("project_is_archived", "projectId", "This project is archived; restore it first."),
    ),
]


@pytest.mark.parametrize(
    ("mutation", "before", "input", "refusal"), REFUSALS, ids=lambda value: str(value)[:30]
)
async def test_a_refusal_names_its_field_and_changes_nothing(
    client: Client,
    mutation: str,
    before: tuple[str, ...],
    input: dict[str, Any],
    refusal: dict[str, str | None],
) -> None:
    names = {"me": client.me, "nobody": str(uuid4()), "archived": await project(client)}
    await client.send("ArchiveProject", input={"id": names["archived"]})
    task = await created(client)
    names["task"] = task["id"]
    for command in before:
        await sent(client, command, task["id"], names, {})
    stands, ends = await client.send("Task", id=task["id"]), await head(client, task)
    given = named(input, names)
    if mutation != "CreateTask":
        given = {"id": task["id"], **given}
    assert await client.send(mutation, input=given) == refusal
    assert (await client.send("Task", id=task["id"]), await head(client, task)) == (stands, ends)


async def test_a_command_sent_again_is_answered_and_not_carried_out(client: Client) -> None:
    task, command_id = await created(client), str(uuid4())
    complete = {"input": {"id": task["id"]}, "commandId": command_id}
    first = await client.send("CompleteTask", **complete)
    await client.send("ReopenTask", input={"id": task["id"]})
    again = await client.send("CompleteTask", **complete)
    assert again == {
        **first,
        "repeated": True,
        # The task is shown as it now stands.
        "task": {
            **first["task"],
            "status": "TODO",
            "completedAt": None,
            "updatedAt": again["task"]["updatedAt"],
        },
    }


REUSED = "This command ID was used before, for another command or by another user."


async def test_the_result_of_a_command_is_for_who_sent_it(product: Product, client: Client) -> None:
    other = await product.newcomer("Ben", tenant=client.tenant)
    command = {"input": {"title": "One"}, "commandId": str(uuid4())}
    first = await client.send("CreateTask", **command)
    assert await other.send("CreateTask", **command) == refused("command_id_reused", None, REUSED)
    rename = {"input": {"id": first["task"]["id"], "title": "Two"}, "commandId": str(uuid4())}
    assert "task" in await client.send("RenameTask", **rename)
    assert await other.send("RenameTask", **rename) == refused("command_id_reused", None, REUSED)
    for _ in range(2):
        assert (await client.send("RenameTask", **rename))["repeated"]
        assert (await client.send("CreateTask", **command))["repeated"]


async def test_a_command_id_is_good_for_one_command(client: Client) -> None:
    reused = refused("command_id_reused", None, REUSED)
    command_id = str(uuid4())
    await client.send("CreateTask", input={"title": "One"}, commandId=command_id)
    other = await client.send("CreateTask", input={"title": "Two"}, commandId=command_id)
    renamed = await client.send("RenameTask", input={"id": command_id, "title": "Two"}, commandId=command_id)
    assert (other, renamed) == (reused, reused)


async def test_a_command_that_changes_nothing_has_a_receipt_all_the_same(client: Client) -> None:
    task = await created(client)
    receipt = await client.send("RenameTask", input={"id": task["id"], "title": task["title"]})
    assert (receipt["task"], receipt["position"]) == (task, await head(client, task))
