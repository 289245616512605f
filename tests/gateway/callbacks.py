"""What the tests of callbacks say often: providers, and callbacks as they sign them."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.kit.client import Client
from tests.kit.product import Product

SECRET, NEWER = "whsec_" + "a" * 32, "whsec_" + "b" * 32
STANDARD = "whsec_" + base64.b64encode(b"standard" * 4).decode()
Json = dict[str, Any]


def hexed(key: bytes, content: bytes) -> str:
    return hmac.digest(key, content, hashlib.sha256).hex()


def stripe_headers(body: bytes, secret: str = SECRET, *, at: float | None = None) -> dict[str, str]:
    """As Stripe signs it."""
    seconds = int(time.time() if at is None else at)
    signature = hexed(secret.encode(), f"{seconds}.".encode() + body)
    return {
        "stripe-signature": f"t={seconds},v1={signature},v0={'0' * 64}",
        "content-type": "application/json",
    }


def standard_headers(
    body: bytes, id: str, secret: str = STANDARD, *, at: float | None = None
) -> dict[str, str]:
    """As Standard Webhooks has it."""
    seconds = int(time.time() if at is None else at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(bytes.fromhex(hexed(key, f"{id}.{seconds}.".encode() + body))).decode()
    return {"webhook-id": id, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{signature}"}


def stripe_event(type: str = "customer.created", object: Json | None = None, **more: Any) -> Json:
    """An event of Stripe."""
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2025-03-31",
        "created": int(datetime.now(UTC).timestamp()) - 3,
        "livemode": True,
        "type": type,
        "data": {"object": object or {}},
        **more,
    }


@dataclass
class Provider:
    """A provider that is connected to a source."""

    http: httpx.AsyncClient
    source: str
    path: str

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.http.post(self.path, content=body, headers=headers)

    async def stripe(self, event: Json, secret: str = SECRET, **more: Any) -> httpx.Response:
        """The response to an event that Stripe sends."""
        body = json.dumps(event).encode()
        return await self.post(body, stripe_headers(body, secret, **more))


async def a_provider(product: Product, client: Client, provider: str = "STRIPE", **more: str) -> Provider:
    """A source with a provider."""
    named = {"name": f"{provider} {uuid4().hex[:8]}", "kind": "WEBHOOK"}
    source = (await client.send("RegisterSource", input=named))["source"]["id"]
    terms_of = {"PAYPAL": {}, "SES": {}, "STANDARD_WEBHOOKS": {"secret": STANDARD}}
    terms = terms_of.get(provider, {"secret": SECRET})
    input = {"id": source, "provider": provider, **terms, **more}
    receipt = await client.send("ConnectSource", input=input)
    return Provider(product.http, source, receipt["source"]["callbackPath"])
