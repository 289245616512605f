"""Callbacks that PayPal signs, from the door to the order that they pay; and bodies that others write to them."""

import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette

from api.kit.schema.services import Services
from app.gateway.callbacks.door import CallbackDoor
from app.gateway.callbacks.routes import callback_routes
from app.gateway.factory import gateway_ports
from app.gateway.ingestion import Ingestion
from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.storage.certificates import make_certificates
from domain.gateway.events import stream_of
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock
from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import a_provider
from tests.gateway.test_paypal import GOOD, HOST, WEBHOOK, PayPal, paypal
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import shown

pytestmark = pytest.mark.servers
PAYER = "7E7MGXCWTTKK2"
BLANKS = 64


@dataclass
class Door:
    """The door for callbacks, to which PayPal is one with certificates of the test's own."""

    there: PayPal
    http: httpx.AsyncClient

    async def sent(self, path: str, body: bytes, like: bytes | None = None, **more: str) -> dict[str, Any]:
        """What a callback comes to; ``like``: what was signed, where that is not its body."""
        headers = self.there.callback(like or body, **more).headers
        response = await self.http.post(path, content=body, headers=dict(headers))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture(scope="module")
async def door(
    product: Product, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    settings, writes, rows = product.settings, recorder.writes, recorder.rows
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, {HOST: None})
    intake = next(each for each in gateway_ports(settings, writes, rows) if isinstance(each, Ingestion))
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    async with paypal(folder, GOOD) as there:
        own = CallbackDoor(
            intake,
            rows,
            secrets,
            there.certificates,
            OutgoingClient(),
            writes.bus,
            writes.codec,
            SystemClock(),
        )

        async def place(by: Caller) -> Services:
            return cast(Services, SimpleNamespace(ports={CallbackDoor: own}))

        transport = httpx.ASGITransport(Starlette(routes=callback_routes(place)))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            yield Door(there, http)


def captured(order: str, id: str = "WH-1") -> bytes:
    """What PayPal sends of a payment, with blanks after it."""
    resource = {
        "id": f"CAP-{id}",
        "amount": {"value": "25.00", "currency_code": "EUR"},
        "custom_id": order,
        "payer": {"payer_id": PAYER},
    }
    return json.dumps({"id": id, "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": resource}).encode()


def written_to(body: bytes, signed: bytes) -> bytes:
    """The body with blanks and tabs after it, by which it has the CRC-32 of what was signed."""
    plain = body + b" " * BLANKS
    base = zlib.crc32(plain)
    rows: dict[int, tuple[int, int]] = {}
    for place in range(BLANKS):
        changed = bytearray(plain)
        changed[len(body) + place] = ord("\t")
        bits, places = zlib.crc32(changed) ^ base, 1 << place
        while bits and (top := bits.bit_length()) in rows:
            bits, places = bits ^ rows[top][0], places ^ rows[top][1]
        if bits:
            rows[bits.bit_length()] = bits, places
    missing, chosen = zlib.crc32(signed) ^ base, 0
    while missing:
        bits, places = rows[missing.bit_length()]
        missing, chosen = missing ^ bits, chosen ^ places
    forged = bytearray(plain)
    for place in range(BLANKS):
        if chosen >> place & 1:
            forged[len(body) + place] = ord("\t")
    return bytes(forged)


async def test_what_paypal_signs_pays_its_order_and_keeps_no_signature(
    product: Product, client: Client, recorder: Recorder, door: Door
) -> None:
    there = await a_provider(product, client, "PAYPAL", providerWebhookId=WEBHOOK)
    order = await an_order(client, await a_product(client))
    answer = await door.sent(there.path, captured(order["id"]))
    assert answer["status"] == "accepted", answer
    assert (await door.sent(there.path, captured(order["id"])))["status"] == "duplicate"
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert (found["status"], found["paid"]) == ("PAID", euros("25.00"))
    stream = stream_of(UUID(there.source), UUID(answer["eventId"]))
    event = await client.send("OutsideEvent", id=str(stream), afterPosition=answer["position"])
    metadata = event["data"]["metadata"]
    assert (metadata["signature"], event["userRef"]) == ("", PAYER)
    assert not any(name.startswith("paypal-") for name in metadata["headers"])


async def test_a_delivery_brings_no_other_body_of_its_check_sum(
    product: Product, client: Client, recorder: Recorder, door: Door
) -> None:
    there, mug = (
        await a_provider(product, client, "PAYPAL", providerWebhookId=WEBHOOK),
        await a_product(client),
    )
    bought, wished, delivery = await an_order(client, mug), await an_order(client, mug), str(uuid4())
    signed = captured(bought["id"])
    forged = written_to(captured(wished["id"], "WH-2"), signed)
    assert zlib.crc32(forged) == zlib.crc32(signed)
    assert (await door.sent(there.path, signed, id=delivery))["status"] == "accepted"
    assert (await door.sent(there.path, forged, signed, id=delivery))["status"] == "rejected"
    await recorder.idle(client)
    assert (await shown(client, bought["id"]))["status"] == "PAID"
    assert (await shown(client, wished["id"]))["status"] == "PLACED"
    # PayPal sends again what it is asked to, by another delivery.
    assert (await door.sent(there.path, signed, id=str(uuid4())))["status"] == "duplicate"
