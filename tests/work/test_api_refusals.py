"""What a form is told of an input: everything that is wrong with it, at once and as data."""

from typing import Any

import pytest

from domain.kit.permissions import ROLES
from tests.kit.client import Client
from tests.kit.product import Product

CREATE = """mutation($input: CreateTaskInput!) { createTask(input: $input) {
  ... on TaskReceipt { position }
  ... on Refused { code message field violations { path code message minimum maximum } }
} }"""


async def tried(client: Client, **input: object) -> Any:
    answer = (await client.post(CREATE, {"input": input})).json()
    assert "errors" not in answer, answer
    return answer["data"]["createTask"]


async def test_all_fields_that_are_wrong_are_told_at_once_with_their_limits(client: Client) -> None:
    refused = await tried(
        client, title="", tags=["fine", "", "x" * 51], dueDate="9999-01-01T00:00:00Z", priority=None
    )
    assert (refused["code"], refused["field"]) == ("invalid", "title")
    assert refused["violations"] == [
        {
            "path": ["title"],
            "code": "too_short",
            "message": "Title must not be empty.",
            "minimum": 1,
            "maximum": 500,
        },
        {
            "path": ["dueDate"],
            "code": "out_of_range",
            "message": "Due date is outside the years 1900 to 9000.",
            "minimum": None,
            "maximum": None,
        },
        {
            "path": ["tags", "1"],
            "code": "too_short",
            "message": "Entry 2 of tags must not be empty.",
            "minimum": 1,
            "maximum": 50,
        },
        {
            "path": ["tags", "2"],
            "code": "too_long",
            "message": "Entry 3 of tags has more than 50 characters.",
            "minimum": 1,
            "maximum": 50,
        },
    ]
    assert refused["message"] == " ".join(violation["message"] for violation in refused["violations"])


async def test_a_rule_names_the_one_field_that_it_is_about(client: Client) -> None:
    refused = await tried(client, title="Water the plants", projectId=str(client.tenant))
    assert refused == {
        "code": "not_found",
        "message": "There is no such project.",
        "field": "projectId",
        "violations": [
            {
                "path": ["projectId"],
                "code": "rule",
                "message": "There is no such project.",
                "minimum": None,
                "maximum": None,
            }
        ],
    }


async def test_a_value_of_a_wrong_kind_is_told_with_its_argument(client: Client) -> None:
    """A form can show it beside the field, whatever the variable is called."""
    document = """query($mine: TaskFilter!, $id: ID!, $due: DateTime, $page: Int) {
      task(id: $id) { id }
      tasks(first: $page, filter: {and: [{not: {dueDate: {lt: $due}}}, $mine]}) { totalCount }
    }"""
    create = """mutation($i: CreateTaskInput!, $command: ID) {
      createTask(input: $i, commandId: $command) { __typename }
    }"""
    good = {"id": client.me, "mine": {}}
    for query, variables, places in (
        (document, {**good, "id": {}}, ["id"]),
        (document, {}, ["filter.and[1]", "id"]),
        (document, {**good, "due": "soon", "page": "x"}, ["filter.and[0].not.dueDate.lt", "first"]),
        (document, {**good, "mine": {"or": [{"status": {"in": ["TODO", "NO"]}}]}},
         ["filter.and[1].or[0].status.in[1]"]),
        (document, {**good, "mine": {"assignedTo": {"eq": "me"}}}, ["filter.and[1].assignedTo.eq"]),
        (create, {"i": {"title": "a", "priority": "high"}}, ["input.priority"]),
        (create, {"i": {"title": "a", "dueDate": "2030-02-31"}, "command": "a"}, ["input.dueDate", "commandId"]),
        (create, {"i": {"title": "a", "tags": ["a", 7], "nothing": 1}}, ["input.tags[1]", "input.nothing"]),
        (create, {"i": {}}, ["input.title"]),
    ):  # fmt: skip
        errors = (await client.post(query, variables)).json()["errors"]
        told = {(error["extensions"]["code"], error["extensions"].get("argument")) for error in errors}
        assert told == {("BAD_USER_INPUT", place) for place in places}, errors


async def test_what_one_may_not_is_told_with_its_place_in_the_answer(
    client: Client, product: Product
) -> None:
    guest = product.client(client.tenant, client.user, role="guest")
    document = """mutation($id: ID!) {
      first: completeTask(input: {id: $id}) { __typename }
      second: renameTask(input: {id: $id, title: "a"}) { __typename }
    }"""
    refused = (await guest.post(document, {"id": client.me})).json()
    assert [(error["path"], error["extensions"]["permission"]) for error in refused["errors"]] == [
        (["first"], "work:write")
    ]
    nothing = (
        await guest.post("query { ...all } fragment all on Query { own: activities { totalCount } }")
    ).json()
    assert [error["path"] for error in nothing["errors"]] == [["own"]]


DEEP: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}


@pytest.mark.parametrize(
    ("mutation", "input", "wrong"),
    [
        (
            "issueInvoice",
            {"number": "", "amount": "-1", "currency": "euro", "dueAt": "2030-01-01T00:00:00Z"},
            [("number", "too_short", 1), ("amount", "too_small", 0), ("currency", "format", None)],
        ),
        (
            "addFeatureFlag",
            {"featureName": "No name", "config": DEEP},
            [("featureName", "format", None), ("config", "too_deep", None)],
        ),
        (
            "updateProfile",
            {"firstName": "", "timezone": "Nowhere", "language": "?"},
            [("firstName", "too_short", 1), ("timezone", "unsuitable", None), ("language", "too_short", 2)],
        ),
        (
            "discardEffects",
            {"effects": [], "reason": ""},
            [("effects", "too_few", 1), ("reason", "too_short", 1)],
        ),
    ],
)
async def test_what_a_rule_says_of_a_value_is_told_with_the_limits_of_the_others(
    product: Product, mutation: str, input: dict[str, Any], wrong: list[tuple[str, str, int | None]]
) -> None:
    client = await product.newcomer(permissions=ROLES["operator"])
    if mutation not in ("addFeatureFlag", "discardEffects"):
        input = {"id": str(client.user), **input}
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"""mutation($input: {kind}!) {{ {mutation}(input: $input) {{
      ... on Refused {{ code violations {{ path code minimum }} }} }} }}"""
    answer = await client.post(document, {"input": input})
    refused = answer.json()["data"][mutation]
    told = {
        (violation["path"][0], violation["code"], violation["minimum"]) for violation in refused["violations"]
    }
    assert (refused["code"], told) == ("invalid", set(wrong))
    # A whole number is written as one.
    assert ".0" not in answer.text
