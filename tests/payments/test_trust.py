"""Who may say that an order is paid, and what of it outlives the person who paid."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from app.placement import fence
from domain.gateway.events import stream_of, subject_of
from domain.kit.permissions import ROLES
from tests.commerce.test_api_orders import a_product, an_order
from tests.gateway.callbacks import SECRET, Provider, a_provider, stripe_event
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import letters, paid, replayed, shown, told

pytestmark = pytest.mark.servers
PAYMENTS, INGEST = "commerce:payments", "gateway:ingest"


async def test_a_replay_tells_of_its_own_payment_whatever_is_written_into_it(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    # A payment of another order, which is refused, and one that names an order that is not there.
    other = stripe_event(
        "payment_intent.succeeded", {"id": "pi_2", "amount_received": 1, "currency": "usd", "metadata": {}}
    )
    other["data"]["object"]["metadata"] = {"order_id": order["id"]}
    await told(stripe, other, paid(order["id"], currency="usd"))
    await recorder.idle(client)
    first, second = await letters(client, recorder)
    theirs = json.loads(second["raw"])["outsideEventId"]
    answer = await replayed(
        client, id=first["id"], event=json.dumps({"outsideEventId": theirs, "orderId": order["id"]})
    )
    assert answer["status"] == "ACCEPTED", answer
    streams = [json.loads(each["raw"])["outsideEventId"] for each in (first, second)]
    versions = [len((await client.send("History", stream=each))["nodes"]) for each in streams]
    assert versions == [3, 2]


async def test_only_who_records_payments_says_by_what_they_are_told(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, mug = await a_provider(product, client), await a_product(client)
    await told(stripe, paid((await an_order(client, mug))["id"], currency="usd"))
    await recorder.idle(client)
    [letter] = await letters(client, recorder)
    for lacking in (PAYMENTS, INGEST):
        granted = ROLES["owner"] - {lacking}
        other = Client(
            product.http, product.token(client.tenant, client.user, granted), client.tenant, client.user
        )
        refused = await other.send("ReplayDeadLetter", input={"id": letter["id"]})
        assert refused["code"] == "forbidden"
        counted = await other.send("ReplayDeadLetters", input={"rule": "payment", "dryRun": False})
        assert counted.get("replayed", 0) == 0, counted
        if lacking == PAYMENTS:
            discarded = await other.send("DiscardDeadLetter", input={"id": letter["id"]})
            assert discarded["code"] == "forbidden"
            source, new = {"id": stripe.source}, {"secret": SECRET}
            for operation, input in (
                ("ConnectSource", {**source, **new, "provider": "STRIPE"}),
                ("ConnectSource", {**source, "provider": "PAYPAL", "providerWebhookId": "WH1"}),
                ("RotateSourceSecret", {**source, **new}),
            ):
                assert (await other.send(operation, input=input))["code"] == "forbidden", input
            plain = {**source, "provider": "STANDARD_WEBHOOKS", **new}
            assert "position" in await other.send("ConnectSource", input=plain)


async def test_a_payment_in_test_mode_settles_nothing_of_production(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    unsaid = paid(order["id"])
    del unsaid["livemode"]
    for sent in (unsaid, *({**paid(order["id"]), "livemode": mode} for mode in (False, None, "true"))):
        answer = await stripe.stripe(sent)
        assert (answer.status_code, answer.json()["status"]) == (200, "rejected"), answer.text
    await told(stripe, {**stripe_event(), "livemode": False}, paid(order["id"], "pi_2"))
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert [each["paymentId"] for each in found["payments"]["nodes"]] == ["pi_2"]
    kept = await client.send(
        "DeadLetters", filter={"rule": {"eq": "test_mode"}}, afterPosition=str(await recorder.log.head())
    )
    assert len(kept["edges"]) == 4
    # They are what they say, and contradict nothing.
    [hour] = (await client.send("SourceQuality"))["edges"]
    assert (hour["node"]["rejected"], hour["node"]["consistency"]) == (4, 100)


@pytest.mark.parametrize("fault", [{"livemode": False}, {"request": "\0"}], ids=["test mode", "no text"])
async def test_a_callback_of_a_payment_is_sent_again_by_its_provider_alone(
    product: Product, client: Client, recorder: Recorder, fault: dict[str, object]
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    sent = paid(order["id"])
    assert (await stripe.stripe({**sent, **fault})).json()["status"] == "rejected"
    of = {"sourceId": {"eq": stripe.source}}
    kept = await client.send("DeadLetters", filter=of, afterPosition=str(await recorder.log.head()))
    [letter] = [edge["node"] for edge in kept["edges"]]
    value = json.loads(letter["raw"])
    value["data"]["payload"]["payload"] = sent
    for text in ({}, {"event": json.dumps(value)}):
        refused = await client.send("ReplayDeadLetter", input={"id": letter["id"], **text})
        assert refused.get("code") == "callback_not_replayed", refused
    counted = await client.send("ReplayDeadLetters", input={"sourceId": stripe.source, "dryRun": False})
    assert (counted["replayed"], counted["rejected"]) == (0, 1)
    await told(stripe, sent)
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "PAID"


async def test_a_payment_is_not_rejected_as_its_tenant_is_moved(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(order["id"], currency="usd"))
    await recorder.idle(client)
    [letter] = await letters(client, recorder)
    owner = await recorder.work.database.owner()
    await fence.freeze(owner, client.tenant)
    moving = await client.send("ReplayDeadLetter", input={"id": letter["id"]})
    await fence.lift(owner, client.tenant)
    await owner.close()
    assert moving.get("code") == "tenant_moving", moving
    assert (await replayed(client, id=letter["id"]))["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("environment", "status"), [("prod", "rejected"), ("live", "rejected"), ("dev", "accepted")]
)
async def test_test_payments_count_in_environments_for_tests_alone(
    product: Product, client: Client, environment: str, status: str
) -> None:
    named = {"name": f"Stripe {environment}", "kind": "WEBHOOK", "environment": environment}
    source = (await client.send("RegisterSource", input=named))["source"]["id"]
    connected = await client.send(
        "ConnectSource", input={"id": source, "provider": "STRIPE", "secret": SECRET}
    )
    stripe = Provider(product.http, source, connected["source"]["callbackPath"])
    answer = await stripe.stripe({**paid(str(uuid4())), "livemode": False})
    assert answer.json()["status"] == status, answer.text


async def test_a_payment_of_somebody_who_was_erased_counts_without_them(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    person = subject_of(client.tenant, UUID(stripe.source), "cus_1", datetime.now(UTC))
    await recorder.writes.ring.destroy(client.tenant, person)
    sent = paid(order["id"])
    sent["data"]["object"] |= {"customer": "cus_1", "receipt_email": "jo@example.com"}
    answer = (await stripe.stripe(sent)).json()
    assert answer["status"] == "accepted", answer
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "PAID"
    stream = stream_of(UUID(stripe.source), UUID(answer["eventId"]))
    found = await client.send("OutsideEvent", id=str(stream), afterPosition=answer["position"])
    assert (found["userRef"], found["data"]) == (None, {"payload": {}, "metadata": {}})
    assert (await stripe.stripe(sent)).json()["status"] == "duplicate"
    # What is rejected of them is kept nowhere, and asked for no more.
    answer = await stripe.stripe({**sent, "id": "evt_test", "livemode": False})
    assert (answer.status_code, answer.json()["status"]) == (200, "rejected"), answer.text


async def test_what_stripe_tells_of_a_customer_is_theirs(product: Product, client: Client) -> None:
    stripe, id = await a_provider(product, client), f"cus_{uuid4().hex}"
    named = (
        {"object": "customer", "id": id},
        {"object": "charge", "customer": id},
        {"customer": {"id": id, "object": "customer"}},
    )
    for each in named:
        answer = (await stripe.stripe(stripe_event("some.type", each))).json()
        stream = stream_of(UUID(stripe.source), UUID(answer["eventId"]))
        found = await client.send("OutsideEvent", id=str(stream), afterPosition=answer["position"])
        person = subject_of(client.tenant, UUID(stripe.source), id, datetime.now(UTC))
        assert found["personId"] == str(person)
