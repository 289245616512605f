"""Guessing passwords in ways that might not be counted.

Aliases, batches, many at once, other processes, timing and unknown accounts: tests/auth/test_lock_out.py.
"""

import json
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from domain.kit.sealed import fingerprint_of, is_sealed
from tests.auth.people import Person, refusal, registered
from tests.kit.product import Product

REFUSED = (401, "sign_in_refused")


async def _spellings_of_a_dump(product: Product, ada: Person) -> list[str]:
    """Texts with the fingerprint of a person's address, as whoever has a dump could make them."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        sealed = await owner.fetchval("select email from auth.accounts where id = $1", ada.id)
    finally:
        await owner.close()
    assert is_sealed(sealed)
    forged = [f"hw1.{uuid4().hex}.1.{fingerprint_of(sealed)}.AAAA.{n:04}" for n in range(7)]
    assert all(map(is_sealed, forged))
    return [sealed, *forged]


async def test_a_dump_gives_no_second_spelling_of_an_account(product: Product) -> None:
    """Each would have had attempts of its own, without end."""
    ada = await registered(product)
    for spelling in await _spellings_of_a_dump(product, ada):
        guess = Person(product.http, spelling, {}, ada.password)
        assert refusal(await guess.sign_in()) == REFUSED
    assert (await ada.sign_in()).status_code == 200


@pytest.mark.parametrize(
    "spelling",
    ["{email} ", " {email}", "{upper}", "\t{email}\n", "{email}\u200b", "{email}\0", "{email}\u0000x"],
)
async def test_a_spelling_is_counted_with_its_account_or_opens_nothing(
    product: Product, spelling: str
) -> None:
    ada = await registered(product)
    text = spelling.format(email=ada.email, upper=ada.email.upper())
    for _ in range(5):
        await Person(product.http, text, {}).sign_in("wrong password")
    again = await Person(product.http, text, {}).sign_in(ada.password)
    assert again.status_code in (400, 401, 429), again.text


async def test_a_token_in_an_address_is_no_token(product: Product) -> None:
    """Addresses are in logs, histories and referrers; a token there must be worth nothing."""
    ada = await registered(product)
    token = ada.given["accessToken"]
    for name in ("token", "access_token", "authorization", "x-api-key", "api_key"):
        for value in (token, f"Bearer {token}"):
            url = f"/graphql?query={quote('{ me { id } }')}&{name}={quote(value)}"
            assert (await product.http.get(url)).status_code == 401
    posted = await product.http.post(
        f"/graphql?token={token}", json={"query": "{ me { id } }", "token": token}
    )
    assert posted.status_code == 401


async def test_nor_is_it_one_in_the_address_of_a_socket(product: Product) -> None:
    ada = await registered(product)
    url = str(product.http.base_url).replace("http", "ws", 1).rstrip("/")
    address = f"{url}/graphql?token={ada.given['accessToken']}"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send('{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }"}}')
        answer = json.loads(await socket.recv())
    assert answer["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_cookie_is_no_token(product: Product) -> None:
    ada = await registered(product)
    token = ada.given["accessToken"]
    for name in ("token", "authorization", "session", "access_token"):
        headers = {"cookie": f"{name}={token}"}
        response = await product.http.post("/graphql", json={"query": "{ me { id } }"}, headers=headers)
        assert response.status_code == 401
        assert "set-cookie" not in response.headers


async def test_who_claims_another_tenant_in_a_header_stays_in_his_own(product: Product) -> None:
    ada, eve = await registered(product), await registered(product)
    headers = {"authorization": f"Bearer {eve.given['accessToken']}"}
    for name in ("x-tenant", "x-tenant-id", "tenant", "headwater-tenant", "x-forwarded-user", "x-user-id"):
        headers[name] = ada.given["tenantId"]
    answer = await product.http.post(
        "/graphql", json={"query": "{ tenant { id } me { id } }"}, headers=headers
    )
    data = answer.json()["data"]
    assert UUID(data["tenant"]["id"]) == UUID(eve.given["tenantId"])
    assert UUID(data["me"]["id"]) == eve.id


async def test_a_browser_with_a_strange_name_is_let_in_or_refused_and_nothing_else(product: Product) -> None:
    ada = await registered(product)
    sealed = (await _spellings_of_a_dump(product, ada))[1]
    body = {"email": ada.email, "password": ada.password}
    for agent in (sealed, "x" * 8000, "'; drop table x; --", "\xff\xfe", ""):
        headers = {b"user-agent": agent.encode("latin-1")}
        response = await product.http.post("/auth/sign-in", json=body, headers=headers)
        assert response.status_code in (200, 400, 401), response.text
