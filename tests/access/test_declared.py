"""Every field names the permission it needs, and who lacks it is refused before anything runs."""

import pytest
import strawberry
from graphql import OperationDefinitionNode, parse

from api.kit.execution.access import (
    ANYONE,
    COVERED,
    IDENTIFIED,
    SIGNED_IN,
    WHOEVER,
    Access,
    Permit,
    covered,
    permits,
)
from api.kit.schema.fields import field, live
from api.schema import schema
from domain.kit.caller import NOBODY, Caller
from domain.kit.permissions import PERMISSIONS, ROLES
from tests.kit.client import Client
from tests.kit.product import Product

ACCESS = Access(schema._schema)
KNOWN = {*PERMISSIONS, ANYONE, WHOEVER, IDENTIFIED, COVERED}


def test_no_field_says_nothing() -> None:
    assert ACCESS.undeclared() == []


def test_every_field_needs_what_can_be_granted() -> None:
    assert set(ACCESS.by_field.values()) <= KNOWN


def test_every_root_field_needs_something() -> None:
    """What is covered by a field above it cannot stand at the root."""
    roots = {"Query", "Mutation", "Subscription"}
    assert [at for at, need in ACCESS.by_field.items() if at[0] in roots and need == COVERED] == []


def test_roles_hold_permissions_that_exist() -> None:
    assert set().union(*ROLES.values()) <= set(PERMISSIONS)


def test_only_operators_may_do_what_concerns_all_tenants() -> None:
    assert {
        role
        for role, granted in ROLES.items()
        if any(permission.startswith("ops:") for permission in granted)
    } == {"operator"}


@strawberry.type
class Forgotten:
    """A type that nobody declared."""

    secret: str = strawberry.field(description="x")


@covered
@strawberry.type
class Shown:
    """A type whose fields follow the field that leads to it."""

    plain: str = strawberry.field(description="x")


@strawberry.type
class Query:
    @field("x")
    def forgotten(self) -> str:
        return "x"

    @field("x", needs="work:read")
    def leaky(self) -> Forgotten:
        return Forgotten(secret="x")

    @field("x", needs="audit:read")
    def shown(self) -> Shown:
        return Shown(plain="x")

    @field("x", needs=ANYONE)
    def open(self) -> str:
        return "x"


TOY = strawberry.Schema(query=Query)


def needs(text: str) -> dict[str | None, str]:
    """What a document on the toy needs."""
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Access(TOY._schema).needs(document, operation)


def test_a_permission_that_does_not_exist_is_told_by_its_field() -> None:
    # The toy's own permissions are none of the product's.
    with pytest.raises(TypeError, match=r"^\w+\.\w+ needs .+, which is no permission\.$"):
        Access(TOY._schema).require_known(())
    ACCESS.require_known({*PERMISSIONS})


def test_the_check_finds_what_is_forgotten() -> None:
    assert Access(TOY._schema).undeclared() == ["Forgotten.secret", "Query.forgotten"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ open }", {ANYONE: "Query.open"}),
        ("{ forgotten }", {None: "Query.forgotten"}),
        ("{ leaky { secret } }", {"work:read": "Query.leaky", None: "Forgotten.secret"}),
        ("{ leaky { __typename } }", {"work:read": "Query.leaky"}),
        ("{ shown { plain } a: open }", {"audit:read": "Query.shown", ANYONE: "Query.open"}),
        ("{ ...f } fragment f on Query { shown { ... { plain } } }", {"audit:read": "Query.shown"}),
        ("{ ... on Query @include(if: false) { forgotten } }", {None: "Query.forgotten"}),
        ("{ __typename __schema { types { name fields { name } } } }", {IDENTIFIED: "Query.__schema"}),
    ],
)
def test_a_document_needs_what_its_fields_need(text: str, expected: dict[str | None, str]) -> None:
    assert needs(text) == expected


def test_nobody_and_who_lacks_a_permission_are_told_apart() -> None:
    guest = Caller(tenant_id=NOBODY.tenant_id, user_id=NOBODY.user_id, permissions=ROLES["guest"])
    assert [permits(NOBODY, need) for need in (ANYONE, IDENTIFIED, SIGNED_IN, "work:read", None)] == [
        Permit.GRANTED,
        Permit.UNKNOWN,
        Permit.UNKNOWN,
        Permit.UNKNOWN,
        Permit.UNKNOWN,
    ]
    assert [
        permits(guest, need) for need in (ANYONE, IDENTIFIED, SIGNED_IN, "work:read", "work:write", None)
    ] == [
        Permit.GRANTED,
        Permit.GRANTED,
        Permit.GRANTED,
        Permit.GRANTED,
        Permit.DENIED,
        Permit.DENIED,
    ]


def test_a_subscription_of_ones_own_is_told_apart() -> None:
    @strawberry.type
    class Subscription:
        @live("x", str, needs="self", own=True)
        async def mine(self):  # type: ignore[no-untyped-def]
            yield "x"

        @live("x", str, needs="work:read")
        async def ours(self):  # type: ignore[no-untyped-def]
            yield "x"

    access = Access(strawberry.Schema(query=Query, subscription=Subscription)._schema)
    found = {}
    for text in (
        "subscription { mine }",
        "subscription { ours }",
        "subscription { ...f } fragment f on Subscription { mine }",
    ):
        document = parse(text)
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        found[text] = access.own(document, operation)
    assert list(found.values()) == [True, False, True]


async def test_a_guest_reads_and_does_not_write(client: Client, product: Product) -> None:
    guest = product.client(client.tenant, client.user, role="guest")
    assert (await guest.send("Tasks"))["edges"] == []
    assert await guest.error("CreateTask", input={"title": "x"}) == (
        "FORBIDDEN",
        "Mutation.createTask needs the permission work:write.",
    )
    assert (await guest.error("Activities"))[0] == "FORBIDDEN"
    # Nothing was carried out of a document that is refused.
    assert (await client.send("Tasks"))["edges"] == []


async def test_without_a_token_nothing_is_told(product: Product) -> None:
    for text in ("{ tasks { nodes { id } } }", "{ __schema { types { name } } }", "{ nothing }"):
        response = await product.http.post("/graphql", json={"query": text})
        assert not response.json().get("data"), text
        assert response.json()["errors"][0]["extensions"]["code"] in (
            "UNAUTHENTICATED",
            "GRAPHQL_VALIDATION_FAILED",
        )
