"""Answers in part: what the caller may not see is an error at its path, and nothing of it is resolved."""

from collections.abc import AsyncIterator

import pytest
import strawberry
from graphql import is_non_null_type

from api.kit.execution.access import Permit
from api.kit.execution.engine import Context, Engine
from api.kit.execution.errors import RequestError
from api.kit.execution.limits import Limits
from api.kit.execution.request import GraphQLRequest
from api.kit.schema.fields import field, live
from tests.kit.client import Client
from tests.kit.product import Product
from tests.schema.published import published

RESOLVED: list[str] = []


@strawberry.interface
class Named:
    @field("Its name.", needs="names")
    def name(self) -> str:
        RESOLVED.append("name")
        return "tea"


@strawberry.type
class Leaf(Named):
    @field("Open to all.", needs="open")
    def color(self) -> str:
        return "green"

    @field("For few.", needs="secrets")
    def secret(self) -> str | None:
        RESOLVED.append("secret")
        return "x"

    @field("For few, and never null.", needs="secrets")
    def sure(self) -> str:
        RESOLVED.append("sure")
        return "x"


@strawberry.type
class Query:
    @field("A leaf.", needs="open")
    def leaf(self) -> Leaf | None:
        return Leaf()

    @field("Something named.", needs="open")
    def named(self) -> Named | None:
        return Leaf()

    @field("Nobody's.", needs="secrets")
    def hidden(self) -> str | None:
        RESOLVED.append("hidden")
        return "x"


@strawberry.type
class Mutation:
    @field("Makes a leaf.", needs="open")
    def grow(self) -> Leaf | None:
        RESOLVED.append("grow")
        return Leaf()


@strawberry.type
class Subscription:
    @live("Leaves.", Leaf, needs="open")
    async def leaves(self) -> AsyncIterator[Leaf]:
        RESOLVED.append("leaves")
        yield Leaf()


TOY = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, types=[Leaf])


def permits(granted: frozenset[str], need: str | None) -> Permit:
    return Permit.GRANTED if need in granted else Permit.DENIED


async def answered(text: str, *granted: str, strict: bool = False) -> bytes:
    RESOLVED.clear()
    engine: Engine[frozenset[str]] = Engine(TOY, Context, Limits(strict_permissions=strict), permits)
    identity, request = frozenset(granted), GraphQLRequest(text)
    operation = engine.operation(request, identity)
    return b"".join([answer async for answer, _ in engine.answers(operation, request, identity)])


async def test_a_refused_field_is_null_with_an_error_at_its_path_and_the_rest_is_answered() -> None:
    answer = (await answered("{ leaf { color one: secret two: secret } hidden }", "open")).decode()
    assert '"data":{"leaf":{"color":"green","one":null,"two":null},"hidden":null}' in answer
    assert [f'"path":["leaf","{name}"]' in answer for name in ("one", "two")] == [True, True]
    assert '"path":["hidden"]' in answer
    assert answer.count('"code":"FORBIDDEN","permission":"secrets"') == 3
    assert RESOLVED == []


async def test_what_must_not_be_null_takes_its_object_with_it_and_no_more() -> None:
    answer = (await answered("{ leaf { color sure } other: leaf { color } }", "open")).decode()
    assert '"data":{"leaf":null,"other":{"color":"green"}}' in answer
    assert '"path":["leaf","sure"]' in answer
    assert RESOLVED == []


@pytest.mark.parametrize(
    "text",
    [
        "{ named { __typename name } }",
        "{ named { __typename ...f } } fragment f on Named { name }",
        "{ named { __typename ... on Leaf { name } } }",
    ],
)
async def test_a_field_is_refused_however_it_is_reached(text: str) -> None:
    answer = (await answered(text, "open")).decode()
    assert '"data":{"named":null}' in answer
    assert '"code":"FORBIDDEN","permission":"names"' in answer
    assert RESOLVED == []


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ("{ leaf { color secret } }", True),
        ("{ hidden }", False),
        ("{ __typename hidden }", False),
        ("mutation { grow { color secret } }", False),
        ("subscription { leaves { color secret } }", False),
    ],
    ids=["strict", "nothing is left", "nothing but its type is left", "mutation", "subscription"],
)
async def test_a_document_is_refused_as_a_whole(text: str, strict: bool) -> None:
    with pytest.raises(RequestError) as refused:
        await answered(text, "open", strict=strict)
    assert (refused.value.status, refused.value.errors[0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert RESOLVED == []


async def test_who_may_is_answered_in_full() -> None:
    answer = (
        await answered("{ leaf { color secret sure name } hidden }", "open", "secrets", "names")
    ).decode()
    assert "errors" not in answer
    assert sorted(RESOLVED) == ["hidden", "name", "secret", "sure"]


async def test_a_dashboard_of_a_guest_shows_what_a_guest_may_see(product: Product, client: Client) -> None:
    guest = product.client(client.tenant, client.user, role="guest")
    edges = "{ edges { node { id } } }"
    response = await guest.post(f"{{ me {{ name }} tasks {edges} activities {edges} }}")
    answer = response.json()
    assert response.status_code == 200
    assert answer["data"]["tasks"] == {"edges": []}
    assert answer["data"]["activities"] is None
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]) == (
        ["activities"],
        {"code": "FORBIDDEN", "permission": "audit:read"},
    )


async def test_one_field_that_fails_takes_no_other_with_it(client: Client) -> None:
    document = '{ unreadNotifications tasks(after: "garbage") { edges { node { id } } } }'
    answer = (await client.post(document)).json()
    assert answer["data"] == {"unreadNotifications": 0, "tasks": None}
    assert [error["path"] for error in answer["errors"]] == [["tasks"]]


def test_every_field_of_a_query_may_be_null() -> None:
    query = published().query_type
    assert query is not None
    assert [name for name, shown in query.fields.items() if is_non_null_type(shown.type)] == []
