"""What one request may ask for."""

from collections.abc import AsyncIterator

import httpx
import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse

from api.kit.execution.cost import Measure
from api.kit.execution.limits import Limits
from api.kit.execution.sizes import Sizes
from api.schema import schema as PRODUCT
from tests.api.toy import BEARER, SCHEMA, toy_app

LIMITS = Limits(
    body_bytes=5_000,
    tokens=300,
    depth=5,
    aliases=3,
    directives=2,
    duplicates=3,
    cost=500,
    page=20,
    variable_depth=5,
    values=200,
)


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=toy_app(LIMITS))
    async with httpx.AsyncClient(transport=transport, base_url="http://toy", headers=BEARER) as client:
        yield client


def _deep(levels: int) -> str:
    return "{ node " + "{ self " * (levels - 2) + "{ name }" + " }" * (levels - 1)


PARCEL = "query($p: Parcel!) { parcel(parcel: $p) }"

WITHIN = {
    "depth": {"query": _deep(5)},
    "aliases": {"query": "{ a: hello b: hello c: hello }"},
    "directives": {"query": "{ hello @include(if: true) @skip(if: false) }"},
    "duplicates": {"query": "{ hello hello ... { hello } }"},
    "the same names of several types": {
        "query": "{ any { "
        + " ".join(f"... on {t} {{ __typename }}" for t in ("Node", "Broken") * 3)
        + " } }"
    },
    "cost": {"query": "{ nodes(first: 100) { name } }"},
    "cost of variables": {
        "query": "query($n: Int = 1000) { nodes(first: $n) { name } }",
        "variables": {"n": 100},
    },
    "variables": {"query": "query($j: JSON!) { json(value: $j) }", "variables": {"j": [[["x"]]]}},
    "values": {"query": PARCEL, "variables": {"p": {"text": "a", "parcels": [{"text": "b"}] * 40}}},
    "values in a scalar": {
        "query": "query($j: JSON!) { json(value: $j) }",
        "variables": {"j": [0] * 1_000, "none": [{}] * 500},
    },
}
BEYOND = {
    "depth": {"query": _deep(6)},
    "depth in fragments": {
        "query": "{ node { ...A } } fragment A on Node { self { ...B } }"
        " fragment B on Node { self { self { self { name } } } }"
    },
    "aliases": {"query": "{ a: hello b: hello c: hello d: hello }"},
    "directives": {"query": "{ hello @skip(if: false) @skip(if: false) @skip(if: false) }"},
    "duplicates": {"query": "{ hello hello ... { hello } hello }"},
    "duplicates of spreads": {"query": "{ ...A ...A ...A ...A } fragment A on Query { hello }"},
    "tokens": {"query": "{ hello " + "hello " * 300 + "}"},
    "cost": {"query": "{ nodes(first: 500) { name } }"},
    "cost from the other end": {"query": "{ nodes(first: 1, last: 500) { name } }"},
    "cost of nested pages": {
        "query": "{ nodes(first: 20) { children(first: 20) { children(first: 20) { name } } } }"
    },
    "cost of unsaid pages": {"query": "{ nodes { children { children { name } } } }"},
    "cost of variables": {"query": "query($n: Int) { nodes(first: $n) { name } }", "variables": {"n": 500}},
    "cost of defaults": {"query": "query($n: Int = 500) { nodes(first: $n) { name } }"},
    "cost beyond 64 bits": {
        "query": "{ nodes(first: 2147483647) { children(first: 2147483647) {"
        " children(first: 2147483647) { name } } } }"
    },
    "variables": {"query": "query($j: JSON!) { json(value: $j) }", "variables": {"j": [[[[["x"]]]]]}},
    # What is no parcel is not even looked at.
    "values": {"query": PARCEL, "variables": {"p": {"text": "a", "parcels": [{}] * 100}}},
}


@pytest.mark.parametrize("body", WITHIN.values(), ids=WITHIN.keys())
async def test_within_the_limits(strict: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert "errors" not in (await strict.post("/graphql", json=body)).json()


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND.keys())
async def test_beyond_the_limits(strict: httpx.AsyncClient, body: dict[str, object]) -> None:
    response = await strict.post(
        "/graphql", json=body, headers={"accept": "application/graphql-response+json"}
    )
    assert response.status_code == 400
    extensions = response.json()["errors"][0]["extensions"]
    assert extensions["code"] in ("LIMIT_EXCEEDED", "COST_EXCEEDED")
    assert isinstance(extensions["limit"], int)


async def test_a_body_too_large_is_refused_while_it_comes(strict: httpx.AsyncClient) -> None:
    response = await strict.post("/graphql", json={"query": "{ hello }", "more": "x" * 5_000})
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


@pytest.mark.parametrize("declared", [None, "10", "4000"])
async def test_a_content_length_that_lies_does_not_help(declared: str | None) -> None:
    sent: list[dict[str, object]] = []
    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer let-me-in")]
    if declared is not None:
        headers.append((b"content-length", declared.encode()))
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    pieces = [b'{"query": "{ hello }", "more": "'] + [b"x" * 1_000] * 1_000
    taken = 0

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": pieces[taken - 1], "more_body": True}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await toy_app(LIMITS)(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 413
    assert taken < 500


async def test_what_clients_ask_first_is_within_the_default_limits() -> None:
    transport = httpx.ASGITransport(app=toy_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://toy", headers=BEARER) as client:
        response = await client.post("/graphql", json={"query": get_introspection_query()})
    assert "errors" not in response.json()


async def test_introspection_can_be_switched_off() -> None:
    transport = httpx.ASGITransport(app=toy_app(Limits(introspection=False)))
    async with httpx.AsyncClient(transport=transport, base_url="http://toy", headers=BEARER) as client:
        schema = await client.post("/graphql", json={"query": "{ __schema { types { name } } }"})
        name = await client.post("/graphql", json={"query": "{ __typename }"})
        typo = await client.post("/graphql", json={"query": "{ helo }"})
    assert schema.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert name.json() == {"data": {"__typename": "Query"}}
    assert "hello" not in typo.text


def test_fragments_that_multiply_are_measured_without_following_each() -> None:
    levels = 40
    spreads = " ".join(
        f"fragment F{i} on Node {{ children(first: $n) {{ ...F{i + 1} ...F{i + 1} }} }}"
        for i in range(levels)
    )
    document = parse(f"query($n: Int) {{ node {{ ...F0 }} }} {spreads} fragment F{levels} on Node {{ name }}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    measured = Measure(SCHEMA._schema, Sizes(SCHEMA._schema), document, page=20).operation(operation)
    depth, cost = measured.depth, measured.cost
    assert depth == levels + 2
    assert cost.at({"n": 2}) > 4**levels


@pytest.mark.parametrize(
    ("filter", "variables", "cost"),
    [
        ("", {}, 1 + 20 * 2),
        ("(filter: {id: {eq: $id}})", {"id": "a"}, 1 + 1 + 2),
        ("(filter: {id: {eq: $id}})", {}, 1 + 20 * 2),
        ("(filter: {id: {in: $ids}}, first: 50)", {"ids": ["a", "b"]}, 1 + 2 + 2 * 2),
        ("(filter: {id: {in: [1, 2]}}, first: 1)", {}, 1 + 2 + 2),
        ("(filter: $all)", {"all": {"id": {"in": ["a", "b"]}}}, 1 + 2 + 2 * 2),
        ("(filter: {or: [{id: {eq: $id}}]})", {"id": "a"}, 1 + 1 + 20 * 2),
    ],
)
def test_a_list_costs_the_rows_that_it_has_at_most(
    filter: str, variables: dict[str, object], cost: int
) -> None:
    schema = PRODUCT._schema
    declared = "query($id: ID, $ids: [ID!], $all: UserFilter)"
    document = parse(f"{declared} {{ users{filter} {{ nodes {{ id }} }} }}")
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    measured = Measure(schema, Sizes(schema), document, Limits().page).operation(node)
    assert measured.cost.at(variables) == cost
