"""Invoices of tenants, paid at the platform's account with a provider: from the signed callback to the invoice."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.processes.address_proofs import LinkedDatabase
from app.processes.tenant_invoices import ReachedBilling
from domain.gateway.callbacks.notices import InvoiceReference
from domain.gateway.events import stream_of
from domain.kit.caller import PLATFORM
from domain.kit.permissions import ROLES
from domain.kit.process.effects import EffectRefused
from domain.operations.tenants import TenantNotPlaced
from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import NEWER, SECRET, Provider, a_provider, stripe_event
from tests.gateway.test_paypal import WEBHOOK
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import paid, replayed, shown, told, waited
from tests.payments.test_paypal_callbacks import Door, captured
from tests.payments.test_paypal_callbacks import door as door
from tests.tenants.test_api_billing import FEBRUARY, PERIOD

pytestmark = pytest.mark.servers
Json = dict[str, Any]


@dataclass
class Billed:
    """A tenant with an invoice over 25 euros."""

    client: Client
    reference: str
    subscription: str

    async def stands(self) -> tuple[str, str, str]:
        """The status of the invoice, what of it was refunded, and the status of the subscription."""
        [edge] = (await self.client.send("Invoices"))["edges"]
        subscription = await self.client.send("TenantSubscription")
        return edge["node"]["status"], edge["node"]["refundedAmount"], subscription["status"]

    async def events(self) -> list[str]:
        history = await self.client.send("History", stream=self.subscription)
        return [node["type"].rpartition(".")[2] for node in history["nodes"]]


async def billed(product: Product, client: Client, number: str = "2030-1") -> Billed:
    payments = product.client(client.tenant, uuid4(), {"ops:payments", "billing:read"}, role="guest")
    started = await payments.send("StartSubscription", input={"tier": "team", **PERIOD})
    id = started["subscription"]["id"]
    due = {"amount": "25.00", "currency": "EUR", "dueAt": FEBRUARY}
    assert "position" in await payments.send("IssueInvoice", input={"id": id, "number": number, **due})
    return Billed(client, f"{client.tenant}/{id}/{number}", id)


def settled(invoice: str | None, intent: str, units: int = 2500, **more: Any) -> Json:
    about = {"id": intent, "amount_received": units, "currency": "eur", "metadata": {"invoice_id": invoice}}
    return stripe_event("payment_intent.succeeded", {**about, **more})


@pytest.fixture
def operator(product: Product) -> Client:
    """Somebody of the platform's own tenant."""
    return product.client(PLATFORM, uuid4(), role="operator")


async def letters(operator: Client, stripe: Provider, recorder: Recorder) -> list[Json]:
    wanted = {"sourceId": {"eq": stripe.source}, "status": {"eq": "OPEN"}}
    found = await operator.send("DeadLetters", filter=wanted, afterPosition=str(await recorder.log.head()))
    return [edge["node"] for edge in found["edges"]]


async def test_what_stripe_signs_pays_an_invoice_once(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    intent = f"pi_{uuid4().hex}"
    sent = settled(tenant.reference, intent)
    assert (await stripe.stripe(sent, NEWER)).status_code == 401
    await recorder.idle(operator)
    assert await tenant.stands() == ("ISSUED", "0.00", "ACTIVE")
    session = {"payment_intent": intent, "payment_status": "paid", "amount_total": 2500, "currency": "eur"}
    named = {"metadata": {"invoice_id": tenant.reference}}
    await told(stripe, sent, stripe_event("checkout.session.completed", {**session, **named}))
    assert (await stripe.stripe(sent)).json()["status"] == "duplicate"
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")
    assert (await tenant.events()).count("invoice_paid") == 1
    assert await letters(operator, stripe, recorder) == []
    # Another payment of it is not ours to keep.
    await told(stripe, settled(tenant.reference, f"pi_{uuid4().hex}"))
    await recorder.idle(operator)
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"].startswith("invoice_not_open")


async def test_what_paypal_signs_pays_an_invoice_once(
    product: Product, client: Client, operator: Client, recorder: Recorder, door: Door
) -> None:
    there = await a_provider(product, operator, "PAYPAL", providerWebhookId=WEBHOOK)
    tenant, id = await billed(product, client, "n" * 50), f"WH-{uuid4().hex}"
    assert len(tenant.reference) <= 127
    body = captured(tenant.reference, id)
    forged = await door.http.post(
        there.path, content=body + b" ", headers=dict(door.there.callback(body).headers)
    )
    assert forged.status_code == 401
    assert [(await door.sent(there.path, body))["status"] for _ in range(2)] == ["accepted", "duplicate"]
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")
    assert (await tenant.events()).count("invoice_paid") == 1


async def test_a_failure_makes_past_due_and_a_refund_is_shown(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    intent, named = f"pi_{uuid4().hex}", {"metadata": {"invoice_id": tenant.reference}}
    failed = stripe_event("payment_intent.payment_failed", {"id": intent, **named})
    await told(stripe, failed)
    await recorder.idle(operator)
    assert await tenant.stands() == ("OVERDUE", "0.00", "PAST_DUE")
    await told(stripe, settled(None, intent))
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")

    # A refund names no invoice; one that failed before is told late.
    def refund(id: str, status: str) -> Json:
        about = {"id": id, "payment_intent": intent, "amount": 500, "currency": "eur", "status": status}
        return stripe_event("refund.updated", about)

    await told(stripe, {**failed, "id": "evt_late"}, refund("re_1", "succeeded"), refund("re_1", "succeeded"))
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "5.00", "ACTIVE")
    assert await letters(operator, stripe, recorder) == []
    await told(stripe, refund("re_1", "failed"))
    await recorder.idle(operator)
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"].startswith("refund_failed: Refund re_1 ")


async def test_a_payment_pays_one_invoice_whatever_it_names_later(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    other = await billed(product, await product.newcomer())
    intent = f"pi_{uuid4().hex}"
    await told(stripe, settled(tenant.reference, intent), settled(other.reference, intent))
    refund = {"id": "re_1", "payment_intent": intent, "amount": 500, "currency": "eur", "status": "succeeded"}
    await recorder.idle(operator)
    await told(stripe, stripe_event("refund.updated", refund))
    await recorder.idle(operator)
    assert await other.stands() == ("ISSUED", "0.00", "ACTIVE")
    assert await tenant.stands() == ("PAID", "5.00", "ACTIVE")
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"] == f"already_taken: The payment has paid invoice {tenant.reference}."
    # Nor does it by hand.
    assert (await replayed(operator, id=letter["id"]))["status"] == "ACCEPTED"
    await recorder.idle(operator)
    assert len(await letters(operator, stripe, recorder)) == 1
    assert await other.stands() == ("ISSUED", "0.00", "ACTIVE")


@pytest.mark.parametrize("first", ["order", "invoice"])
async def test_a_payment_pays_an_order_or_an_invoice_and_not_both(
    product: Product, client: Client, operator: Client, recorder: Recorder, first: str
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    seller, intent = await product.newcomer(tenant=PLATFORM), f"pi_{uuid4().hex}"
    order = await an_order(seller, await a_product(seller, first.upper()))
    named = [paid(order["id"], intent), settled(tenant.reference, intent)]
    refund = {"id": "re_1", "payment_intent": intent, "amount": 500, "currency": "eur", "status": "succeeded"}
    for each in (*(named if first == "order" else reversed(named)), stripe_event("refund.updated", refund)):
        await told(stripe, each)
        await recorder.idle(operator)
    of_order = await shown(seller, order["id"])
    if first == "order":
        assert (of_order["paid"], of_order["refunded"]) == (euros("25.00"), euros("5.00"))
        assert await tenant.stands() == ("ISSUED", "0.00", "ACTIVE")
        already = f"order {order['id']}"
    else:
        assert (of_order["paid"], of_order["refunded"]) == (euros("0.00"), euros("0.00"))
        assert await tenant.stands() == ("PAID", "5.00", "ACTIVE")
        already = f"invoice {tenant.reference}"
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"] == f"already_taken: The payment has paid {already}."


async def test_what_pays_no_invoice_is_kept_for_operators(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    other = await product.newcomer()
    theirs = tenant.reference.replace(str(client.tenant), str(other.tenant))
    nowhere = tenant.reference.replace("2030-1", "2030-2")
    cents = settled(tenant.reference, "pi_less", 2499)
    dollars = settled(tenant.reference, "pi_usd", currency="usd")
    await told(stripe, cents, dollars, settled(theirs, "pi_theirs"), settled(nowhere, "pi_nowhere"))
    await told(stripe, settled("2030-1", "pi_word"))
    await waited(recorder, operator)
    assert await tenant.stands() == ("ISSUED", "0.00", "ACTIVE")
    kept = {json.loads(each["raw"])["paymentId"]: each for each in await letters(operator, stripe, recorder)}
    assert {id: each["message"].partition(":")[0] for id, each in kept.items()} == {
        "pi_less": "invoice_amount_differs",
        "pi_usd": "invoice_amount_differs",
        "pi_theirs": "not_found",
        "pi_nowhere": "not_found",
        "pi_word": "It names an order or an invoice, and not by its id.",
    }
    corrected = json.dumps({"invoice": tenant.reference})
    answer = await replayed(operator, id=kept["pi_less"]["id"], event="{}")
    assert [each["path"] for each in answer["violations"]] == [["invoice"]]
    answer = await replayed(operator, id=kept["pi_word"]["id"], event=corrected)
    assert answer["status"] == "ACCEPTED", answer
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")


async def test_no_tenant_says_what_is_paid(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    tenant, own = await billed(product, client), await a_provider(product, client)
    body = settled(tenant.reference, "pi_own")
    sent = (await own.stripe(body)).json()
    stream = stream_of(UUID(own.source), UUID(sent["eventId"]))
    found = (await recorder.log.streams(client.tenant, [stream]))[stream]
    [beside] = [json.loads(each.payload) for each in found if each.type.endswith(".payment_told")]
    assert (beside["payment"]["payment_id"], beside["invoice"]) == ("pi_own", None)
    await recorder.idle(client)
    recorder.clock.ahead = timedelta(days=1)
    await recorder.idle(client)
    assert await tenant.stands() == ("ISSUED", "0.00", "ACTIVE")
    # Nor do those of the platform who may not say it of tenants.
    stripe = await a_provider(product, operator)
    await told(stripe, settled(tenant.reference, "pi_gbp", currency="gbp"))
    await recorder.idle(operator)
    [letter] = await letters(operator, stripe, recorder)
    granted = ROLES["operator"] - {"ops:payments"}
    admin = Client(product.http, product.token(PLATFORM, uuid4(), granted), PLATFORM, uuid4())
    new = {"id": stripe.source, "secret": SECRET}
    for operation, input in (
        ("ConnectSource", {**new, "provider": "STRIPE"}),
        ("RotateSourceSecret", new),
        ("ReplayDeadLetter", {"id": letter["id"]}),
    ):
        assert (await admin.send(operation, input=input))["code"] == "forbidden", operation


async def test_test_payments_pay_where_all_is_for_tests(
    product: Product, client: Client, operator: Client, recorder: Recorder, door: Door
) -> None:
    tenant = await billed(product, client)
    named = {"name": f"Stripe {uuid4().hex[:8]}", "kind": "WEBHOOK", "environment": "test"}
    source = (await operator.send("RegisterSource", input=named))["source"]["id"]
    connect = {"id": source, "provider": "STRIPE", "secret": SECRET}
    connected = await operator.send("ConnectSource", input=connect)
    path = connected["source"]["callbackPath"]
    test = {**settled(tenant.reference, f"pi_{uuid4().hex}"), "livemode": False}
    # The door is of an installation that is not for tests.
    refused = await Provider(door.http, source, path).stripe(test)
    assert refused.json()["status"] == "rejected"
    [letter] = await letters(operator, Provider(door.http, source, path), recorder)
    assert letter["rule"] == "test_mode"
    again = {**test, "id": f"evt_{uuid4().hex}"}
    assert (await Provider(product.http, source, path).stripe(again)).json()["status"] == "accepted"
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")


async def test_tenants_are_reached_from_the_platform_alone_and_awaited_while_they_are_made() -> None:
    @asynccontextmanager
    async def reach(tenant_id: UUID) -> AsyncIterator[LinkedDatabase]:
        raise TenantNotPlaced(field="id")
        yield

    invoice = InvoiceReference(tenant_id=UUID(int=1), subscription_id=UUID(int=2), number="1")
    with pytest.raises(EffectRefused, match="forbidden"):
        await ReachedBilling(reach).subscription(invoice.tenant_id, invoice)
    with pytest.raises(TenantNotPlaced):
        await ReachedBilling(reach).subscription(PLATFORM, invoice)
