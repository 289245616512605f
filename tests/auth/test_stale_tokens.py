"""Clients send the token that they hold with everything; what takes no notice of who asks is answered anyway."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type, is_non_null_type

from api.kit.execution.access import ANYONE, Access
from api.schema import schema
from tests.auth.people import registered
from tests.kit.product import Product

STALE = {
    "forged": {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    "made up": {"authorization": "Bearer x"},
    "a key that is none": {"x-api-key": "hw_0_0_0"},
}
ROOTS = sorted(
    (kind, name) for (kind, name), need in Access(schema._schema).by_field.items() if need == ANYONE
)


def _document(kind: str, name: str) -> str:
    """A document that asks for one field, with something for each argument that it must have."""
    root = schema._schema.type_map[kind]
    assert isinstance(root, GraphQLObjectType)
    given = {
        argument: str(get_named_type(value.type))
        for argument, value in root.fields[name].args.items()
        if is_non_null_type(value.type)
    }
    made = ", ".join(f"{argument}: {_value(of)}" for argument, of in given.items())
    called = f"{name}({made})" if made else name
    return f"{kind.lower()} {{ {called} {{ __typename ... on Refused {{ code }} }} }}"


def _value(kind: str) -> str:
    if kind == "String":
        return f'"{uuid4().hex}"'
    fields = schema._schema.type_map[kind].fields  # type: ignore[attr-defined]
    needed = [name for name, field in fields.items() if is_non_null_type(field.type)]
    return "{ " + ", ".join(f'{name}: "x"' for name in needed) + " }"


async def _sent(product: Product, query: str, headers: dict[str, str]) -> httpx.Response:
    return await product.http.post("/graphql", json={"query": query}, headers=headers)


def _answer(response: httpx.Response) -> Any:
    return response.status_code, response.json()


@pytest.mark.parametrize("headers", STALE.values(), ids=STALE)
@pytest.mark.parametrize(("kind", "name"), ROOTS, ids=[name for _, name in ROOTS])
async def test_what_is_anyones_is_answered(
    product: Product, kind: str, name: str, headers: dict[str, str]
) -> None:
    assert kind == "Mutation"
    query = _document(kind, name)
    status, answer = _answer(await _sent(product, query, headers))
    assert (status, "errors" in answer) == (200, False), answer


async def _ended(product: Product) -> tuple[dict[str, str], str, str]:
    """The header of a token whose session is over, and an address and a password that are good."""
    ada = await registered(product)
    headers = {"authorization": f"Bearer {ada.given['accessToken']}"}
    assert (await product.http.post("/auth/sign-out", json={}, headers=headers)).status_code == 200
    return headers, ada.email, ada.password


async def test_a_new_session_is_given_to_who_shows_one_that_is_over(product: Product) -> None:
    headers, email, password = await _ended(product)
    query = (
        f'mutation {{ signIn(email: "{email}", password: "{password}")'
        " { ... on SignedIn { accessToken } } }"
    )
    for accept in ("application/json", "text/event-stream"):
        response = await _sent(product, query, {**headers, "accept": accept})
        assert response.status_code == 200
        assert "accessToken" in response.text


async def test_a_session_is_refreshed_with_its_last_token_still_in_the_header(product: Product) -> None:
    ada = await registered(product)
    query = (
        f'mutation {{ refreshSession(refreshToken: "{ada.given["refreshToken"]}") '
        "{ ... on SignedIn { accessToken } ... on Refused { code } } }"
    )
    status, answer = _answer(await _sent(product, query, {"authorization": "Bearer outlived"}))
    assert status == 200
    token = answer["data"]["refreshSession"]["accessToken"]
    assert (await _sent(product, "{ me { id } }", {"authorization": f"Bearer {token}"})).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename }",
        "{ me { id } }",
        "mutation { signOut { __typename } }",
        'mutation { requestPasswordReset(email: "a") { __typename } signOut { __typename } }',
        # Those who are signed in need no password for it, so that they are told to renew their token.
        'mutation { acceptInvitation(input: { token: "x" }) { __typename } }',
        'query A { me { id } } mutation B { requestPasswordReset(email: "a") { __typename } }',
        "mutation { requestPasswordReset(email: 1) { __typename } }",
        "{ nonsense }",
        "{",
    ],
)
async def test_all_else_is_refused(product: Product, query: str) -> None:
    headers, *_ = await _ended(product)
    response = await _sent(product, query, headers)
    assert response.status_code == 401
    (error,) = response.json()["errors"]
    assert error == {"message": "The session is over.", "extensions": {"code": "UNAUTHENTICATED"}}


async def test_a_mutation_by_get_is_none_whoever_asks(product: Product) -> None:
    query = 'mutation { requestPasswordReset(email: "a") { __typename } }'
    response = await product.http.get(
        "/graphql", params={"query": query}, headers={"authorization": "Bearer x"}
    )
    assert response.status_code == 405
