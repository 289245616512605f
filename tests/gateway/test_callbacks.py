"""Callbacks of providers: who has signed them, what is stored of them, and what is told to who has not."""

import asyncio
import json
import random
import time
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx

from app.telemetry.monitoring_access import watch_token
from domain.gateway.events import stream_of
from tests.gateway.callbacks import (
    NEWER,
    SECRET,
    a_provider,
    hexed,
    standard_headers,
    stripe_event,
    stripe_headers,
)
from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.kit.product import Product


async def shown(client: Client, source: str, key: str, response: httpx.Response) -> dict[str, Any]:
    """The event that a callback became."""
    event_id = uuid5(UUID(source), f"callback {key}")
    assert response.json()["eventId"] == str(event_id)
    found: dict[str, Any] = await client.send(
        "OutsideEvent", id=str(stream_of(UUID(source), event_id)), afterPosition=response.json()["position"]
    )
    return found


async def test_a_callback_is_stored_once(product: Product, client: Client) -> None:
    stripe = await a_provider(product, client)
    sent = stripe_event("some.new.type", {"customer": "cus_1"})
    body = json.dumps(sent).encode()
    headers = {**stripe_headers(body), "user-agent": "Stripe/1.0", "cookie": "a=b", "x-secret": "1"}
    first = await stripe.post(body, headers)
    assert (first.status_code, first.json()["status"]) == (200, "accepted"), first.text
    found = await shown(client, stripe.source, sent["id"], first)
    assert (found["eventType"], found["category"]) == ("integration.webhook.received", "INTEGRATION")
    data = found["data"]
    assert data["payload"] == {"webhookId": sent["id"], "source": "stripe", "payload": sent}
    assert data["metadata"].pop("processingTime") >= 0
    assert data["metadata"] == {
        "headers": {"content-type": "application/json", "user-agent": "Stripe/1.0"},
        "signature": headers["stripe-signature"],
    }
    # Sent again, it is another try there: with another count, and another signature.
    again = await stripe.stripe({**sent, "pending_webhooks": 2})
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert again.json()["position"] == first.json()["position"]


async def test_many_at_once_are_one_event(product: Product, client: Client) -> None:
    stripe, sent = await a_provider(product, client), stripe_event()
    answers = await asyncio.gather(*(stripe.stripe(sent) for _ in range(6)))
    assert sorted(answer.json()["status"] for answer in answers) == ["accepted", *["duplicate"] * 5]


async def test_other_providers_are_known_by_what_they_sign(product: Product, client: Client) -> None:
    standard = await a_provider(product, client, "STANDARD_WEBHOOKS")
    body = b'{"type": "contact.created", "timestamp": "2026-01-01T00:00:00Z", "data": {}}'
    for expected in ("accepted", "duplicate"):
        answer = await standard.post(body, standard_headers(body, "msg_1"))
        assert answer.json()["status"] == expected, answer.text
    other = await standard.post(body, standard_headers(body, "msg_2"))
    assert other.json()["status"] == "accepted"

    plain = await a_provider(product, client, "HMAC_SHA256", signatureHeader="X-Hub-Signature-256")
    for body, expected in (
        (b'{"id": 1}', "accepted"),
        (b'{"id": 1}', "duplicate"),
        (b'{"id":1}', "accepted"),
    ):
        signed = {"x-hub-signature-256": "sha256=" + hexed(SECRET.encode(), body)}
        assert (await plain.post(body, signed)).json()["status"] == expected


async def test_a_secret_is_rotated_with_two_that_are_good(product: Product, client: Client) -> None:
    stripe = await a_provider(product, client)
    receipt = await client.send("RotateSourceSecret", input={"id": stripe.source, "secret": NEWER})
    assert receipt["source"]["formerSecretUntil"] is not None
    for secret in (SECRET, NEWER):
        assert (await stripe.stripe(stripe_event(), secret)).status_code == 200
    await client.send("ConnectSource", input={"id": stripe.source, "provider": "STRIPE", "secret": NEWER})
    assert (await stripe.stripe(stripe_event(), SECRET)).status_code == 401
    assert (await stripe.stripe(stripe_event(), NEWER)).status_code == 200


async def test_a_secret_is_never_shown_nor_stored_readably(product: Product, client: Client) -> None:
    stripe = await a_provider(product, client)
    source = await client.send("Source", id=stripe.source)
    assert source["secretSetAt"] is not None
    assert SECRET not in json.dumps(source)
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        times = await connection.fetchval(
            "select count(*) from es.events where strpos(payload::text, $1) > 0", SECRET
        )
    finally:
        await connection.close()
    assert times == 0
    weak = {"id": stripe.source, "provider": "STRIPE", "secret": "short"}
    refused = await client.send("ConnectSource", input=weak)
    assert (refused["code"], refused["field"]) == ("invalid", "secret")


async def test_who_does_not_sign_learns_nothing_and_is_counted(product: Product, client: Client) -> None:
    stripe, other = await a_provider(product, client), await a_source(product, client)
    stranger = await product.newcomer("Eve")
    theirs = await a_provider(product, stranger)
    body = json.dumps(stripe_event()).encode()
    good = stripe_headers(body)
    tenant, source = stripe.path[-64:-32], stripe.path[-32:]
    inactive = await a_provider(product, client)
    await client.send("DeactivateSource", input={"id": inactive.source})
    tries = [
        (stripe.path, {}),
        (stripe.path, stripe_headers(body, NEWER)),
        (stripe.path, stripe_headers(body, at=time.time() - 400)),
        (stripe.path, stripe_headers(body, at=time.time() + 36_000)),
        (stripe.path, stripe_headers(body + b" ")),
        (f"/webhooks/{uuid4().hex}{source}", good),
        (f"/webhooks/{theirs.path[-64:-32]}{source}", good),
        (f"/webhooks/{tenant}{theirs.path[-32:]}", good),
        (f"/webhooks/{tenant}{UUID(other.id).hex}", good),
        (inactive.path, good),
        ("/webhooks/stripe", good),
        (f"/webhooks/{tenant.upper()}{source}", good),
        (f"/webhooks/{'0' * 64}", good),
    ]
    answers = [await product.http.post(path, content=body, headers=headers) for path, headers in tries]
    assert [answer.status_code for answer in answers] == [401] * len(tries)
    assert len({answer.text for answer in answers}) == 1
    assert (await stripe.post(body, good)).json()["status"] == "accepted"
    # However many there are, the log is told once an hour.
    shown = await client.send("Source", id=stripe.source)
    assert (shown["refusedCallbacks"], shown["version"]) == (1, 3)
    metrics = (await product.http.get("/metrics", headers=_watcher(product))).text
    assert 'headwater_callbacks_total{outcome="refused",provider="stripe"}' in metrics


async def test_what_is_signed_and_cannot_be_stored_is_a_dead_letter(product: Product, client: Client) -> None:
    stripe = await a_provider(product, client)
    deep = b'{"id": "evt_deep", "a": ' + b"[" * 40 + b"]" * 40 + b"}"
    for body in (b"a=1&b=2", b"\xff\xfe{}", b"", deep, b'{"id": "evt_nul", "a": "\\u0000"}'):
        answer = await stripe.post(body, stripe_headers(body))
        assert (answer.status_code, answer.json()["status"]) == (200, "rejected"), (body, answer.text)
    later = await stripe.stripe(stripe_event())
    letters = await client.send(
        "DeadLetters", filter={"sourceId": {"eq": stripe.source}}, afterPosition=later.json()["position"]
    )
    assert len(letters["edges"]) == 5


async def test_what_is_too_large_or_encoded_is_refused(product: Product, client: Client) -> None:
    stripe = await a_provider(product, client)
    large = b" " * (48 * 1024 + 1)
    assert (await stripe.post(large, stripe_headers(large))).status_code == 413
    gzipped = {**stripe_headers(b"{}"), "content-encoding": "gzip"}
    assert (await stripe.post(b"{}", gzipped)).status_code == 415
    assert (await product.http.get(stripe.path)).status_code == 405


async def test_events_of_that_name_from_elsewhere_take_no_callbacks_place(
    product: Product, client: Client
) -> None:
    shop = await a_source(product, client)
    forged = event(eventType="integration.webhook.received", data={"payload": {"webhookId": "evt_1"}})
    (answer,) = await shop.answers(forged)
    assert answer["status"] == "accepted"
    (other,) = await shop.answers({**forged, "data": {"payload": {"webhookId": "evt_2"}}})
    assert other["status"] == "rejected"


async def test_no_callback_is_a_fault_of_ours(product: Product, client: Client) -> None:
    chance = random.Random(20261130)
    stripe = await a_provider(product, client)
    plain = await a_provider(product, client, "HMAC_SHA256", signatureHeader="x-signature")
    paypal = await a_provider(product, client, "PAYPAL", providerWebhookId="WH1")
    names = ["stripe-signature", "x-signature", "content-type", "paypal-cert-url", "paypal-transmission-time"]
    for _ in range(300):
        body = bytearray(json.dumps(stripe_event("payment_intent.succeeded", {"amount": 1})).encode())
        for _ in range(chance.randrange(6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        provider = chance.choice([stripe, plain, paypal])
        headers = {"x-signature": hexed(SECRET.encode(), bytes(body)), **stripe_headers(bytes(body))}
        if chance.random() < 0.5:
            junk = "".join(chance.choice("t=,v1 \xe9\x80;09aZ/:") for _ in range(chance.randrange(80)))
            headers[chance.choice(names)] = junk
        encoded = [(name.encode(), value.strip().encode("latin-1")) for name, value in headers.items()]
        answer = await product.http.post(provider.path, content=bytes(body), headers=encoded)
        assert answer.status_code in (200, 401), (answer.status_code, answer.text)


def _watcher(product: Product) -> dict[str, str]:
    return {"authorization": f"Bearer {watch_token(product.settings)}"}
