"""Where somebody came from who makes themselves known stands in the event of it, sealed (ID-T-25)."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.composition.write_side import written
from app.storage.database import Connection
from tests.auth.people import PASSWORD, post, registered, somebody
from tests.auth.test_joining import ACCEPT, invited
from tests.kit.product import Product

AGENT = "Mozilla/5.0 (Test)"
HEADERS = {"user-agent": AGENT, "referer": "https://acme.example.com/prices?token=secret#top"}
REGISTERED = """
select payload::text as payload from es.events
 where tenant_id = $1 and originator_id = $2 and type = 'identity.user.registered'
"""


async def _said(product: Product, owner: Connection, tenant: UUID, person: UUID) -> dict[str, Any]:
    """What the event says, opened; nothing of it lies there in plain."""
    payload = await owner.fetchval(REGISTERED, tenant, person)
    for plain in (AGENT, "acme.example.com/prices", "127.0.0.1"):
        assert plain not in payload
    found: dict[str, Any] = msgspec.json.decode(payload)
    async with written(product.settings) as side:
        for name in ("ip_address", "user_agent", "referrer"):
            (found[name],) = await side.ring.open(tenant, [found.get(name, "")])
    return found


async def test_whoever_signs_up_came_from_somewhere(product: Product, owner: Connection) -> None:
    values = somebody(tenantName="Acme", tenantSlug=f"acme-{UUID(int=7)}")
    answer = await product.http.post("/auth/register", json=values, headers=HEADERS)
    given = answer.json()
    said = await _said(product, owner, UUID(given["tenantId"]), UUID(given["accountId"]))
    assert (said["registration_source"], said["role"]) == ("sign_up", "owner")
    assert said["user_agent"] == AGENT
    assert said["ip_address"] == "127.0.0.1"
    assert said["referrer"] == "https://acme.example.com/prices"


async def test_whoever_accepts_an_invitation_came_from_somewhere(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    _, token = await invited(product, ada)
    values = {"token": token, "password": PASSWORD, "firstName": "Ben"}
    answer = await product.http.post(
        "/graphql", json={"query": ACCEPT, "variables": {"i": values}}, headers=HEADERS
    )
    joined = answer.json()["data"]["acceptInvitation"]
    said = await _said(product, owner, UUID(joined["tenantId"]), UUID(joined["accountId"]))
    assert (said["registration_source"], said["user_agent"]) == ("invitation", AGENT)


@pytest.mark.parametrize("name", ["ipAddress", "userAgent", "referrer", "registrationSource"])
async def test_nobody_says_of_others_where_they_came_from(product: Product, name: str) -> None:
    ada = await registered(product)
    document = "mutation($i: RegisterUserInput!) { registerUser(input: $i) { __typename } }"
    values = {"email": somebody()["email"], "firstName": "Ben", name: "x"}
    answer = (await ada.client.post(document, {"i": values})).json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_client_that_says_nothing_of_itself_registers_too(
    product: Product, owner: Connection
) -> None:
    long = {"user-agent": "x" * 5000, "referer": "y" * 5000}
    answer = await product.http.post("/auth/register", json=somebody(), headers=long)
    assert answer.status_code == 200
    assert (await post(product.http, "register", somebody())).status_code == 200
