"""Projects through the API: every mutation's receipt and refusal, and what is read back."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, named, project, refused, sent


async def test_creates_a_project_under_the_id_of_the_command(client: Client) -> None:
    command_id = str(uuid4())
    receipt = await client.send(
        "CreateProject", input={"name": " Garden ", "visibility": "PRIVATE"}, commandId=command_id
    )
    created_at = receipt["project"]["createdAt"]
    assert receipt == {
        "commandId": command_id,
        "position": receipt["position"],
        "repeated": False,
        "project": {
            "id": command_id,
            "name": "Garden",
            "description": "",
            "status": "ACTIVE",
            "visibility": "PRIVATE",
            "createdAt": created_at,
            "updatedAt": created_at,
            "owner": {"id": client.me, "name": "Ada"},
        },
    }


CHANGES: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = [
    ("RenameProject", (), {"name": " Yard "}, {"name": "Yard"}),
    ("DescribeProject", (), {"description": "Green."}, {"description": "Green."}),
    ("ArchiveProject", (), {}, {"status": "ARCHIVED"}),
    ("RestoreProject", ("ArchiveProject",), {}, {"status": "ACTIVE"}),
    ("DeleteProject", (), {}, {"status": "DELETED"}),
    ("AddProjectMember", (), {"userId": "eve"}, {}),
    ("RemoveProjectMember", ("AddProjectMember",), {"userId": "eve"}, {}),
    ("ChangeProjectVisibility", (), {"visibility": "PRIVATE"}, {"visibility": "PRIVATE"}),
]


@pytest.mark.parametrize(
    ("mutation", "before", "input", "changed"), CHANGES, ids=lambda value: str(value)[:24]
)
async def test_a_mutation_answers_with_the_project_as_it_now_stands(
    client: Client,
    product: Product,
    mutation: str,
    before: tuple[str, ...],
    input: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    names = {"eve": (await product.newcomer("Eve", tenant=client.tenant)).me}
    stood = (await client.send("CreateProject", input={"name": "Garden"}))["project"]
    for command in before:
        more = {"userId": "eve"} if "Member" in command else {}
        stood = (await sent(client, command, stood["id"], names, more))["project"]
    command_id = str(uuid4())
    receipt = await sent(client, mutation, stood["id"], names, input, commandId=command_id)
    after = receipt["project"]
    assert after["updatedAt"] > stood["updatedAt"]
    assert receipt == {
        "commandId": command_id,
        "position": receipt["position"],
        "repeated": False,
        "project": {**stood, "updatedAt": after["updatedAt"], **changed},
    }
    assert await sent(client, mutation, stood["id"], names, input, commandId=command_id) == {
        **receipt,
        "repeated": True,
    }


REFUSALS: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, str | None]]] = [
    ("CreateProject", (), {"name": ""}, refused("invalid", "name", "Name must not be empty.")),
    (
        "RenameProject",
        (),
        {"name": "x" * 256},
        refused("invalid", "name", "Name has more than 255 characters."),
    ),
    (
        "DescribeProject",
        ("ArchiveProject",),
        {"description": "x"},
        refused("project_is_archived", "id", "This project is archived; restore it first."),
    ),
    (
        "ArchiveProject",
        ("ArchiveProject",),
        {},
        refused("project_is_archived", "id", "This project is archived; restore it first."),
    ),
    ("RestoreProject", (), {}, refused("project_not_archived", "id", "This project is not archived.")),
    ("DeleteProject", ("DeleteProject",), {}, refused("not_found", "id", "There is no such project.")),
    (
        "AddProjectMember",
        (),
        {"userId": "nobody"},
        refused("not_found", "userId", "There is no such user."),
    ),
    (
        "AddProjectMember",
        (),
        {"userId": "me"},
        refused("already_member", "userId", "This user is already a member of the project."),
    ),
    (
        "RemoveProjectMember",
        (),
        {"userId": "nobody"},
        refused("not_a_member", "userId", "This user is not a member of the project."),
    ),
    (
        "RemoveProjectMember",
        (),
        {"userId": "me"},
        refused("owner_must_stay", "userId", "The owner of a project cannot be removed from it."),
    ),
    (
        "ChangeProjectVisibility",
        (),
        {"id": "nobody", "visibility": "PUBLIC"},
        refused("not_found", "id", "There is no such project."),
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
    names = {"me": client.me, "nobody": str(uuid4())}
    id = await project(client)
    for command in before:
        await sent(client, command, id, names, {})
    stands = await client.send("History", stream=id)
    given = named(input, names)
    if mutation != "CreateProject":
        given = {"id": id, **given}
    assert await client.send(mutation, input=given) == refusal
    assert await client.send("History", stream=id) == stands


async def test_a_project_shows_members_and_progress_that_were_written_just_before(
    client: Client, product: Product
) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    id = await project(client, "Yard")
    await client.send("AddProjectMember", input={"id": id, "userId": eve.me})
    await created(client, projectId=id)
    done = await created(client, projectId=id)
    position = (await client.send("CompleteTask", input={"id": done["id"]}))["position"]
    shown = await client.send("Project", id=id, afterPosition=position)
    assert [member["user"] for member in shown["members"]["nodes"]] == [
        {"id": client.me, "name": "Ada"},
        {"id": eve.me, "name": "Eve"},
    ]
    assert shown["progress"] == {"todo": 1, "inProgress": 0, "inReview": 0, "completed": 1, "cancelled": 0}
