"""Who may ask at all: only a token of ours, unspoiled and in date, on every transport."""

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth.tokens.signing_keys import derived
from tests.kit.client import Client
from tests.kit.product import Product

WHO = "{ taskStats { userId } }"
EXPIRED, INVALID = "The token has expired.", "The token is not valid."


def _claims(**changes: object) -> dict[str, Any]:
    now = datetime.now(UTC)
    claims = {
        "iss": "headwater",
        "aud": "headwater",
        "jti": uuid4().hex,
        "sub": str(uuid4()),
        "tenant": str(uuid4()),
        "permissions": [],
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    return {name: value for name, value in (claims | changes).items() if value is not ...}


def _signed(secret: str, *, algorithm: str = "EdDSA", key: str | None = None, **changes: object) -> str:
    """A service's token, signed as the product does unless said otherwise."""
    own = derived(secret, "service tokens")
    headers = {"typ": "service+jwt", "kid": own.kid}
    return jwt.encode(_claims(**changes), key or own.private, algorithm=algorithm, headers=headers)


def _unsigned(secret: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).decode().rstrip("=")

    kid = derived(secret, "service tokens").kid
    return f"{part({'alg': 'none', 'typ': 'service+jwt', 'kid': kid})}.{part(_claims())}."


def _tampered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"tenant": str(uuid4())}).encode()).decode()
    return f"{head}.{other.rstrip('=')}.{signature}"


BAD: dict[str, tuple[str, Callable[[str], str]]] = {
    "garbage": (INVALID, lambda key: "garbage"),
    "three parts of nothing": (INVALID, lambda key: "a.b.c"),
    "expired": (EXPIRED, lambda key: _signed(key, exp=datetime.now(UTC) - timedelta(minutes=1))),
    "another key": (INVALID, lambda key: _signed(f"{key}0")),
    "no algorithm": (INVALID, _unsigned),
    "another algorithm": (INVALID, lambda key: _signed(key, algorithm="HS256", key=key)),
    "tampered": (INVALID, lambda key: _tampered(_signed(key))),
    "another issuer": (INVALID, lambda key: _signed(key, iss="other")),
    "another audience": (INVALID, lambda key: _signed(key, aud="other")),
    "no tenant": (INVALID, lambda key: _signed(key, tenant=...)),
    "no end": (INVALID, lambda key: _signed(key, exp=...)),
    "an end too far": (INVALID, lambda key: _signed(key, exp=10**30)),
    "not yet": (INVALID, lambda key: _signed(key, iat=datetime.now(UTC) + timedelta(hours=1))),
    "a tenant that is no id": (INVALID, lambda key: _signed(key, tenant="acme")),
    "permissions of another shape": (INVALID, lambda key: _signed(key, permissions="ops:*")),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused_on_every_transport(product: Product, client: Client, kind: str) -> None:
    message, make = BAD[kind]
    bad = replace(client, token=make(product.settings.derive("tokens")))
    response = await bad.post(WHO)
    assert (response.status_code, response.json()) == (
        401,
        {"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]},
    )
    assert response.headers["www-authenticate"].startswith("Bearer")
    headers = {"authorization": f"Bearer {bad.token}", "accept": "text/event-stream"}
    streamed = await product.http.post("/graphql", json={"query": WHO}, headers=headers)
    assert streamed.status_code == 401
    assert await _closed(bad) == (4403, f"Forbidden: {message}")


async def test_who_shows_no_token_is_told_how(product: Product) -> None:
    for headers in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer"}, {"cookie": "token=x"}):
        response = await product.http.post("/graphql", json={"query": WHO}, headers=headers)
        assert (response.status_code, response.json()["errors"][0]["message"]) == (
            401,
            "Send a token as `Authorization: Bearer …`.",
        )


async def test_a_token_that_runs_out_ends_what_was_opened_with_it(product: Product, client: Client) -> None:
    # Within the ten seconds by which clocks may differ, the token is still taken, but nothing stays open.
    past = datetime.now(UTC) - timedelta(seconds=2)
    token = product.token(client.tenant, client.user, now=past, lifetime=timedelta(seconds=1))
    late = replace(client, token=token)
    assert (await late.post(WHO)).status_code == 200
    assert await _closed(late) == (4403, "The token has expired: connect again with another one")


async def _closed(client: Client) -> tuple[int, str]:
    """How the server closes a WebSocket that shows the client's token."""
    url = f"{str(client.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
    async with (
        asyncio.timeout(120),
        connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket,
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": client.token}}))
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        return socket.close_code or 0, socket.close_reason or ""


async def test_operators_fields_need_a_permission(product: Product, client: Client) -> None:
    assert await client.error("Views") == (
        "FORBIDDEN",
        "Query.views needs the permission ops:views.",
    )
    for permission in ("ops:views", "ops:*", "*"):
        operator = product.client(client.tenant, client.user, [permission])
        assert "tasks.tasks" in [
            view["name"] for view in (await operator.send("Views", names=["tasks.tasks"]))["nodes"]
        ]
    for permission in ("ops", "ops:events", "ops:views:x", "OPS:*", ""):
        other = product.client(client.tenant, client.user, [permission])
        assert (await other.error("Views"))[0] == "FORBIDDEN"
