"""What the viewer may do: told by the checks that refuse it, and by the schema."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType

from api.kit.execution.access import Access
from api.schema import schema
from domain.kit.permissions import PERMISSIONS, ROLES
from tests.kit.client import Client
from tests.kit.product import Product
from tests.schema.published import published
from tests.work.api import created, project

COMPLETE, ASSIGN, SUSPEND = "COMPLETE_TASK", "ASSIGN_TASK", "SUSPEND_USER"


async def may(client: Client, action: str, id: str | None = None) -> bool:
    """What the viewer is told of an action."""
    return bool((await client.send("May", action=action, id=id))["can"])


def test_each_field_of_the_schema_says_what_it_needs() -> None:
    said = {}
    for kind in published().type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                assert field.ast_node is not None
                given = [each for each in field.ast_node.directives or () if each.name.value == "needs"]
                values: list[Any] = [argument.value for each in given for argument in each.arguments or ()]
                said[kind.name, name] = [value.value for value in values]
    needed = Access(schema._schema).by_field
    assert said == {at: [need] if need in PERMISSIONS else [] for at, need in needed.items()}


@pytest.mark.parametrize("role", ["guest", "owner"])
async def test_the_permissions_are_those_of_the_role(client: Client, product: Product, role: str) -> None:
    somebody = product.client(client.tenant, client.user, role=role)
    assert (await somebody.send("Viewer"))["permissions"] == sorted(ROLES[role])


async def test_of_operators_every_permission_is_named(client: Client, product: Product) -> None:
    operator = product.client(client.tenant, client.user, ["ops:*"])
    named = (await operator.send("Viewer"))["permissions"]
    assert {name for name in PERMISSIONS if name.startswith("ops:")} <= set(named)


async def test_what_needs_a_permission_is_for_who_has_it(client: Client, product: Product) -> None:
    guest, task = product.client(client.tenant, client.user, role="guest"), await created(client)
    assert await may(client, COMPLETE)
    assert await may(client, COMPLETE, task["id"])
    assert not await may(guest, COMPLETE)
    assert not await may(guest, COMPLETE, task["id"])


async def test_rules_are_asked_about_an_object(client: Client) -> None:
    task = await created(client)
    assert not await may(client, "REOPEN_TASK", task["id"])
    # The rules were asked about a copy: it can be completed still.
    assert await may(client, COMPLETE, task["id"])
    await client.send("CompleteTask", input={"id": task["id"]})
    assert not await may(client, COMPLETE, task["id"])
    assert await may(client, "REOPEN_TASK", task["id"])


async def test_what_is_not_there_cannot_be_changed(client: Client, product: Product) -> None:
    stranger = await product.newcomer("Eve")
    task, person = await created(client), client.me
    for action in (COMPLETE, ASSIGN, "UPDATE_TASK"):
        assert await may(client, action, task["id"])
        assert not await may(stranger, action, task["id"])
        assert not await may(client, action, str(uuid4()))
        assert not await may(client, action, person)


async def test_what_is_hidden_cannot_be_changed(client: Client, product: Product) -> None:
    other = await product.newcomer("Eve", tenant=client.tenant, role="member")
    hidden = await project(client, visibility="PRIVATE")
    task = await created(client, projectId=hidden)
    for action in (COMPLETE, ASSIGN, "UPDATE_TASK"):
        assert await may(client, action, task["id"])
        assert not await may(other, action, task["id"])
    assert not await may(other, "ARCHIVE_PROJECT", hidden)


async def test_roles_and_what_is_ones_own_are_told(client: Client, product: Product) -> None:
    admin = await product.newcomer("Ann", tenant=client.tenant, role="admin")
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    assert await may(admin, SUSPEND, member.me)
    assert not await may(member, SUSPEND, admin.me)
    assert await may(member, "REMOVE_USER", member.me)
    assert not await may(member, "REMOVE_USER", admin.me)


async def test_many_questions_are_as_many_reads_as_one(client: Client, product: Product) -> None:
    other = await product.newcomer("Eve", tenant=client.tenant, role="member")
    hidden = await project(client, visibility="PRIVATE")
    tasks = [(await created(client, projectId=hidden if number % 2 else None))["id"] for number in range(10)]

    async def ask(ids: list[str]) -> None:
        asked = " ".join(
            f'a{place}{action}: can(action: {action}, id: "{id}")'
            for place, id in enumerate(ids)
            for action in (COMPLETE, "CANCEL_TASK", "REOPEN_TASK")
        )
        answer = (await other.post(f"{{ viewer {{ {asked} }} }}")).json()
        told = answer["data"]["viewer"]
        assert [told[f"a{place}{COMPLETE}"] for place in range(len(ids))] == [
            place % 2 == 0 for place in range(len(ids))
        ]

    many, few = [await product.statements_of(partial(ask, ids)) for ids in (tasks, tasks[:2])]
    assert len(many) == len(few)


async def test_who_is_nobody_is_told_nothing(product: Product) -> None:
    answer = (await product.http.post("/graphql", json={"query": "{ viewer { permissions } }"})).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_key_is_told_of_what_it_holds(client: Client, product: Product) -> None:
    key = Client(
        product.http,
        product.token(client.tenant, UUID(client.me), ["work:read"]),
        client.tenant,
        client.user,
    )
    assert "work:write" not in (await key.send("Viewer"))["permissions"]
    assert not await may(key, COMPLETE)
