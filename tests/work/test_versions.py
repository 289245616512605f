"""A form that is stale is refused as data: nobody overwrites unseen what somebody else has written."""

from uuid import uuid4

import pytest

from api.schema import schema
from domain.kit.commands import commands
from tests.kit.client import Client
from tests.work.api import created

RENAME = """mutation ($id: ID!, $title: String!, $version: Int, $command: ID) {
  renameTask(input: { id: $id, title: $title }, expectedVersion: $version, commandId: $command) {
    ... on TaskReceipt { repeated task { title version } }
    ... on Refused { code field message version }
  }
}"""


async def rename(client: Client, task: str, title: str, version: int | None, **more: str) -> object:
    response = await client.post(RENAME, {"id": task, "title": title, "version": version, **more})
    return response.json()["data"]["renameTask"]


async def test_of_two_people_with_the_same_form_the_second_is_told(client: Client) -> None:
    id = (await created(client))["id"]
    first = await rename(client, id, "Mine", 1)
    assert first == {"repeated": False, "task": {"title": "Mine", "version": 2}}
    assert await rename(client, id, "Yours", 1) == {
        "code": "stale_version",
        "field": "id",
        "message": "This was changed in the meantime: it is at version 2 now.",
        "version": 2,
    }
    assert await rename(client, id, "Yours", 2) == {
        "repeated": False,
        "task": {"title": "Yours", "version": 3},
    }
    assert await rename(client, id, "Ours", None) == {
        "repeated": False,
        "task": {"title": "Ours", "version": 4},
    }


async def test_the_same_command_sent_again_keeps_its_receipt(client: Client) -> None:
    id, command = (await created(client))["id"], str(uuid4())
    for repeated in (False, True):
        answer = await rename(client, id, "Mine", 1, command=command)
        assert answer == {"repeated": repeated, "task": {"title": "Mine", "version": 2}}


async def test_every_change_of_a_project_is_a_version(client: Client) -> None:
    receipt = await client.send("CreateProject", input={"name": "Garden"})
    id = receipt["commandId"]
    for mutation, more in (
        ("RenameProject", {"name": "Yard"}),
        ("ArchiveProject", {}),
        ("RestoreProject", {}),
        ("ChangeProjectVisibility", {"visibility": "PRIVATE"}),
    ):
        await client.send(mutation, input={"id": id, **more})
    answer = await client.post("query ($id: ID!) { project(id: $id) { version } }", {"id": id})
    assert answer.json()["data"] == {"project": {"version": 5}}


MUTATIONS = schema._schema.mutation_type.fields if schema._schema.mutation_type else {}
_OWN = "of one's own account, which nobody else changes"
BY_HAND = {
    **dict.fromkeys(
        (
            "changePassword",
            "confirmSecondFactor",
            "endSession",
            "refreshSession",
            "removeSecondFactor",
            "resetPassword",
            "switchTenant",
            "verifyEmail",
        ),
        _OWN,
    ),
    "withdrawConsent": "names what it ends by person and purpose",
    "eraseUser": "makes an erasure, which has no version yet",
    "moveTenant": "an operation of operators",
    "suspendTenant": "an operation of operators",
    "reactivateTenant": "an operation of operators",
    "closeTenant": "an operation of operators",
    "suspendAccount": "an operation of operators",
    "reactivateAccount": "an operation of operators",
    "acceptRebuild": "an operation of operators",
    "cancelRebuild": "an operation of operators",
    "pauseRebuild": "an operation of operators",
    "resumeRebuild": "an operation of operators",
}
"""Mutations that are not made by `sends`, and what they are."""
NAMED = {f"{command.__name__[0].lower()}{command.__name__[1:]}": command for command in commands().values()}
CHANGING = sorted(NAMED.keys() & MUTATIONS.keys() - BY_HAND.keys())


@pytest.mark.parametrize("name", CHANGING)
def test_every_mutation_that_changes_something_takes_a_version(name: str) -> None:
    assert ("expectedVersion" in MUTATIONS[name].args) is (NAMED[name].wiring.changes is not None)
