"""What the tests of work's API say often."""

from collections.abc import Mapping
from typing import Any

from tests.kit.client import Client


async def created(client: Client, title: str = "Water the plants", **input: object) -> Any:
    """A new task, as its receipt shows it."""
    receipt = await client.send("CreateTask", input={"title": title, **input})
    assert "task" in receipt, receipt
    return receipt["task"]


async def project(client: Client, name: str = "Garden", **input: object) -> str:
    """The id of a new project, which the views of projects know already."""
    receipt = await client.send("CreateProject", input={"name": name, **input})
    assert "project" in receipt, receipt
    id: str = receipt["project"]["id"]
    await client.send("Project", id=id, afterPosition=receipt["position"])
    return id


async def sent(
    client: Client, mutation: str, id: str, names: Mapping[str, str], input: Mapping[str, Any], **more: object
) -> Any:
    """The receipt of a mutation on one thing, whose input may hold ``names``."""
    receipt = await client.send(mutation, input={"id": id, **named(input, names)}, **more)
    assert "position" in receipt, receipt
    return receipt


def named(value: Any, names: Mapping[str, str]) -> Any:
    """The value with names replaced by the ids that they stand for."""
    if isinstance(value, dict):
        return {key: named(item, names) for key, item in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


async def head(client: Client, task: Mapping[str, Any]) -> str:
    """Where the log stands: the position of a command that changes nothing."""
    receipt = await client.send("TagTask", input={"id": task["id"], "tags": task["tags"]})
    return str(receipt["position"])


def refused(code: str, field: str | None, message: str) -> dict[str, str | None]:
    """A refusal as the API answers it."""
    return {"code": code, "field": field, "message": message}
