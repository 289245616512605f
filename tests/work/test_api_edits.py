"""Edits over the API: what is left out stays, null clears, and one form is one mutation."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType

from domain.kit.commands import commands
from tests.kit.client import Client
from tests.kit.product import Product
from tests.schema.published import published
from tests.work.api import created, project

EDIT = """mutation($input: UpdateTaskInput!, $commandId: ID, $version: Int) {
  updateTask(input: $input, commandId: $commandId, expectedVersion: $version) {
    ... on TaskReceipt {
      repeated
      position
      task { title description priority dueDate tags version project { id } assignee { id } }
    }
    ... on Refused { code field version violations { path code } }
  }
}"""


async def edited(
    client: Client, id: str, command_id: str | None = None, version: int | None = None, **said: Any
) -> Any:
    variables = {"input": {"id": id, **said}, "commandId": command_id, "version": version}
    answer = (await client.post(EDIT, variables)).json()
    assert "errors" not in answer, answer
    return answer["data"]["updateTask"]


async def test_one_form_is_one_command(client: Client) -> None:
    task, garden = await created(client), await project(client)
    receipt = await edited(
        client,
        task["id"],
        title="Rake",
        description="All of it.",
        priority="HIGH",
        dueDate="2031-01-01T00:00:00Z",
        tags=["leaves"],
        projectId=garden,
        assignedTo=client.me,
    )
    assert receipt["task"] == {
        "title": "Rake",
        "description": "All of it.",
        "priority": "HIGH",
        "dueDate": "2031-01-01T00:00:00Z",
        "tags": ["leaves"],
        "version": 8,
        "project": {"id": garden},
        "assignee": {"id": client.me},
    }


async def test_what_is_left_out_stays_and_null_clears(client: Client) -> None:
    task = await created(client, dueDate="2031-01-01T00:00:00Z", tags=["a"], assignedTo=client.me)
    kept = (await edited(client, task["id"], title="Rake"))["task"]
    assert (kept["dueDate"], kept["tags"], kept["assignee"]) == (
        "2031-01-01T00:00:00Z",
        ["a"],
        {"id": client.me},
    )
    cleared = (await edited(client, task["id"], dueDate=None, assignedTo=None))["task"]
    assert (cleared["title"], cleared["dueDate"], cleared["assignee"]) == ("Rake", None, None)
    # A form that sends all of it again changes nothing.
    same = await edited(
        client, task["id"], title="Rake", dueDate=None, assignedTo=None, projectId=None, tags=["a"]
    )
    assert same["task"]["version"] == cleared["version"]


async def test_what_is_wrong_is_refused_and_what_cannot_be_cleared_stays(client: Client) -> None:
    task = await created(client)
    refused = await edited(client, task["id"], title=None, tags=["", "fine"], description="x")
    assert (refused["code"], refused["field"]) == ("invalid", "tags")
    assert refused["violations"] == [{"path": ["tags", "0"], "code": "too_short"}]
    # A null that clears nothing is as if it were left out.
    assert (await edited(client, task["id"], title=None, description="x"))["task"]["title"] == task["title"]


async def test_nothing_of_an_edit_is_done_when_one_step_is_refused(client: Client) -> None:
    task = await created(client)
    refused = await edited(client, task["id"], title="Rake", projectId=str(client.tenant))
    assert (refused["code"], refused["field"]) == ("not_found", "projectId")
    assert (await edited(client, task["id"]))["task"]["title"] == "Water the plants"


async def test_an_edit_is_sent_twice_and_done_once(client: Client) -> None:
    task = await created(client)
    id = "018f0000-0000-7000-8000-00000000e017"
    first = await edited(client, task["id"], id, 1, title="Rake")
    again = await edited(client, task["id"], id, 1, title="Rake")
    assert (first["repeated"], again["repeated"], again["position"]) == (False, True, first["position"])
    stale = await edited(client, task["id"], None, 1, title="Dig")
    assert (stale["code"], stale["version"]) == ("stale_version", 2)


async def test_nobody_edits_what_they_do_not_see_nor_moves_work_there(
    product: Product, client: Client
) -> None:
    hidden = await project(client, visibility="PRIVATE")
    task = await created(client, projectId=hidden)
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    tried: tuple[dict[str, Any], ...] = ({}, {"title": "Rake"}, {"projectId": None})
    for said in tried:
        refused = await edited(member, task["id"], **said)
        assert (refused["code"], refused["field"]) == ("not_found", "id")
    moved = await member.send("MoveTask", input={"id": task["id"], "projectId": None})
    assert (moved["code"], moved["field"]) == ("not_found", "id")
    own = await created(member)
    refused = await edited(member, own["id"], title="Rake", projectId=hidden)
    assert (refused["code"], refused["field"]) == ("not_found", "projectId")


@pytest.mark.parametrize(
    ("mutation", "field"),
    [("setTaskDueDate", "dueDate"), ("moveTask", "projectId"), ("assignTask", "assignedTo")],
)
async def test_nothing_is_cleared_by_being_forgotten(client: Client, mutation: str, field: str) -> None:
    task = await created(client, dueDate="2031-01-01T00:00:00Z", assignedTo=client.me)
    document = f"""mutation($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{
      ... on Refused {{ code field violations {{ path code }} }}
    }} }}"""
    answer = (await client.post(document, {"input": {"id": task["id"]}})).json()
    assert answer["data"][mutation] == {
        "code": "invalid",
        "field": field,
        "violations": [{"path": [field], "code": "required"}],
    }
    assert (await edited(client, task["id"]))["task"]["dueDate"] == "2031-01-01T00:00:00Z"


NOT_SAID = {
    "CancelOrder.reason",
    "ChangeUserRole.other_owner_id",
    "DeactivateUser.other_owner_id",
    "DeleteUser.other_owner_id",
    "EraseUser.other_owner_id",
    "IssueSourceKey.expires_at",
    "MoveTenant.database_url",
    "PayInvoice.amount",
    "PayInvoice.currency",
    "RecordMarketingFigures.file_id",
    "RecordMarketingFigures.import_id",
    "RemoveUser.other_owner_id",
    "SetCampaignTemplate.template_version",
    "SetCampaignVariants.winner",
    "ReplayWebhook.until",
    "SuspendUser.other_owner_id",
}
"""Fields that add to what is asked, and that nothing stands for in what is changed."""


def test_of_every_mutation_that_changes_something_left_out_keeps_and_null_clears() -> None:
    silent = set()
    for command in commands().values():
        shown = published().type_map.get(f"{command.__name__}Input")
        if isinstance(shown, GraphQLInputObjectType) and command.wiring.changes is not None:
            silent |= {f"{command.__name__}.{name}" for name, default in command._defaults if default is None}
    assert silent == NOT_SAID
