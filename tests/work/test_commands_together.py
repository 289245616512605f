"""Several commands in one request: who may send them, what they see, what they answer."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.kit.client import Client
from tests.kit.documents import operations
from tests.kit.product import Product
from tests.work.api import created, project


async def send(client: Client, *commands: dict[str, Any], ids: list[str] | None = None) -> Any:
    """The answer to commands, each by the mutation and its input."""
    named = ids or [str(uuid4()) for _ in commands]
    entries = [{"commandId": id, "command": each} for id, each in zip(named, commands, strict=True)]
    return await client.send("SendCommands", commands=entries)


async def test_a_form_is_sent_at_once(client: Client, product: Product) -> None:
    task, garden = await created(client), str(uuid4())
    ids = [str(uuid4()) for _ in range(3)]
    commands = [
        {"createProject": {"id": garden, "name": "Garden"}},
        {"moveTask": {"id": task["id"], "projectId": garden}},
        {"completeTask": {"id": task["id"]}},
    ]
    answer = await send(client, *commands, ids=ids)
    moved = {"id": task["id"], "title": task["title"], "status": "COMPLETED", "projectId": garden}
    shown = [receipt.get("project") or receipt["task"] for receipt in answer["receipts"]]
    assert shown == [{"id": garden, "name": "Garden"}, moved, moved]
    assert [receipt["commandId"] for receipt in answer["receipts"]] == ids
    assert answer["position"] == answer["receipts"][-1]["position"]
    again = await send(client, *commands, ids=ids)
    assert [receipt["repeated"] for receipt in again["receipts"]] == [True] * 3
    assert again["position"] == answer["position"]


async def test_a_list_is_completed_whole_or_not_at_all(client: Client) -> None:
    ids = [(await created(client))["id"] for _ in range(5)]
    await client.send("CompleteTask", input={"id": ids[3]})
    complete = [{"completeTask": {"id": id}} for id in ids]
    refused = await send(client, *complete)
    assert (refused["index"], refused["code"]) == (3, "task_already_done")
    assert (await client.send("Task", id=ids[0]))["status"] == "TODO"
    answer = await send(client, *complete[:3], complete[4])
    assert {receipt["task"]["status"] for receipt in answer["receipts"]} == {"COMPLETED"}


async def test_a_refusal_says_which_command_and_why(client: Client) -> None:
    task = await created(client)
    refused = await send(
        client, {"completeTask": {"id": task["id"]}}, {"renameTask": {"id": task["id"], "title": ""}}
    )
    assert (refused["index"], refused["code"], refused["field"]) == (1, "invalid", "title")
    assert [violation["path"] for violation in refused["violations"]] == [["title"]]
    assert (await client.send("Task", id=task["id"]))["status"] == "TODO"


async def test_each_needs_what_its_mutation_needs(client: Client, product: Product) -> None:
    task = await created(client)
    guest = product.client(client.tenant, client.user, role="guest")
    member = product.client(client.tenant, client.user, role="member")
    complete = {"completeTask": {"id": task["id"]}}
    for somebody, commands, place, lacks in (
        (guest, [complete], 0, "Mutation.completeTask needs the permission work:write."),
        (
            member,
            [complete, {"createRole": {"name": "x", "permissions": []}}],
            1,
            "Mutation.createRole needs the permission users:write.",
        ),
    ):
        entries = [{"command": each} for each in commands]
        answer = await somebody.post(operations()["SendCommands"], {"commands": entries})
        (error,) = answer.json()["errors"]
        assert error["message"] == lacks
        assert (error["extensions"]["code"], error["extensions"]["index"]) == ("FORBIDDEN", place)
    assert (await client.send("Task", id=task["id"]))["status"] == "TODO"


async def test_what_is_hidden_is_not_there(client: Client, product: Product) -> None:
    other = await product.newcomer("Eve", tenant=client.tenant, role="member")
    stranger = await product.newcomer("Max")
    hidden = await project(client, visibility="PRIVATE")
    task = await created(client, projectId=hidden)
    own = await created(other)
    for somebody in (other, stranger):
        for command in ({"completeTask": {"id": task["id"]}}, {"archiveProject": {"id": hidden}}):
            refused = await send(somebody, {"createTask": {"title": "x"}}, command)
            assert (refused["index"], refused["code"]) == (1, "not_found")
    # To make a thing of the same id does not show it either.
    refused = await send(
        other,
        {"createProject": {"id": hidden, "name": "x"}},
        {"moveTask": {"id": own["id"], "projectId": hidden}},
    )
    assert (refused["index"], refused["code"]) == (0, "already_exists")


async def test_a_private_project_and_its_first_task_are_made_together(
    client: Client, product: Product
) -> None:
    other = await product.newcomer("Eve", tenant=client.tenant, role="member")
    hidden, task = str(uuid4()), str(uuid4())
    answer = await send(
        client,
        {"createProject": {"id": hidden, "name": "Secret", "visibility": "PRIVATE"}},
        {"createTask": {"id": task, "title": "x", "projectId": hidden}},
        {"updateTask": {"id": task, "title": "y", "priority": "HIGH"}},
    )
    assert [receipt["__typename"] for receipt in answer["receipts"]] == [
        "ProjectReceipt",
        "TaskReceipt",
        "TaskReceipt",
    ]
    assert (await client.send("Task", id=task))["title"] == "y"
    assert await other.send("Task", id=task) is None


@pytest.mark.parametrize("count", [0, 101])
async def test_there_are_1_to_100(client: Client, count: int) -> None:
    entries = [{"command": {"createTask": {"title": "x"}}}] * count
    text = "mutation ($commands: [CommandEntryInput!]!) { sendCommands(commands: $commands) { __typename } }"
    answer = (await client.post(text, {"commands": entries})).json()
    assert answer["errors"][0]["message"] == f"Send 1 to 100 commands, not {count}."


async def test_a_hundred_are_sent_at_once(client: Client) -> None:
    answer = await send(client, *({"createTask": {"title": f"{number}"}} for number in range(100)))
    assert [receipt["task"]["title"] for receipt in answer["receipts"]] == [f"{n}" for n in range(100)]
    assert len({UUID(receipt["task"]["id"]) for receipt in answer["receipts"]}) == 100


async def test_exactly_one_mutation_is_named(client: Client) -> None:
    for command in ({}, {"createTask": {"title": "x"}, "createProject": {"name": "x"}}, {"createTask": None}):
        entries = [{"command": command}]
        assert (await client.error("SendCommands", commands=entries))[0] == "BAD_USER_INPUT"


async def test_who_made_something_does_not_change_it_once_it_is_hidden(product: Product) -> None:
    """A command that is repeated makes nothing, so what follows it is not of something new."""
    olga = await product.newcomer("Olga", role="admin")
    max = await product.newcomer("Max", tenant=olga.tenant, role="member")
    garden, task, id = await project(olga, "Garden", visibility="PRIVATE"), str(uuid4()), str(uuid4())
    make = {"createTask": {"id": task, "title": "Dig"}}
    assert "receipts" in await send(max, make, ids=[id])
    assert "position" in await olga.send("MoveTask", input={"id": task, "projectId": garden})
    for change in ({"renameTask": {"id": task, "title": "x"}}, {"completeTask": {"id": task}}):
        refused = await send(max, make, change, ids=[id, str(uuid4())])
        assert (refused["index"], refused["code"]) == (1, "not_found")
    assert (await olga.send("Task", id=task))["title"] == "Dig"
