"""Payments that providers tell of, recorded with their orders: once, late, too early, too much, too little."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from domain.gateway.callbacks.notices import PaymentNotice, PaymentOutcome
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.events import OutsideEvent
from domain.kit.process.effects import Fired, Schedule
from domain.kit.process.ports import ProcessPorts
from domain.kit.scenario import NOON
from domain.processes.payments.billing_port import TenantBilling
from domain.processes.payments.known_payments import MOST_WAITING, PaidOrder
from domain.processes.payments.order_payments import OrderPayments
from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import Provider, a_provider, stripe_event
from tests.gateway.sending import a_source, event
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder

pytestmark = pytest.mark.servers
Json = dict[str, Any]


def paid(order: str | None, intent: str = "pi_1", units: int | str = 2500, currency: str = "eur") -> Json:
    metadata = {"order_id": order} if order else {}
    return stripe_event(
        "payment_intent.succeeded",
        {"id": intent, "amount_received": units, "currency": currency, "metadata": metadata},
    )


def refunded(
    intent: str, units: int, refund: str = "re_1", order: str | None = None, status: str = "succeeded"
) -> Json:
    return stripe_event(
        "refund.updated" if status == "failed" else "refund.created",
        {
            "id": refund,
            "charge": "ch_1",
            "payment_intent": intent,
            "amount": units,
            "currency": "eur",
            "status": status,
            "metadata": {"order_id": order} if order else {},
        },
    )


async def told(stripe: Provider, *events: Json) -> None:
    for each in events:
        answer = await stripe.stripe(each)
        assert answer.json()["status"] == "accepted", answer.text


async def shown(client: Client, order: str) -> Json:
    found: Json = await client.send("Order", id=order)
    return found


async def letters(client: Client, recorder: Recorder) -> list[Json]:
    found = await client.send(
        "DeadLetters",
        filter={"rule": {"eq": "payment"}, "status": {"eq": "OPEN"}},
        afterPosition=str(await recorder.log.head()),
    )
    return [edge["node"] for edge in found["edges"]]


async def replayed(client: Client, **letter: str) -> Json:
    """What a replay of a dead letter comes to."""
    answer: Json = (await client.send("ReplayDeadLetter", input=letter))["result"]
    return answer


async def waited(recorder: Recorder, client: Client, hours: float = 24) -> None:
    """Let so much time go by, try after try."""
    for _ in range(9):
        await recorder.idle(client)
        recorder.clock.ahead += timedelta(hours=hours)
    await recorder.idle(client)


async def test_three_at_once_are_one_settlement(product: Product, client: Client, recorder: Recorder) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    sent = paid(order["id"])
    # The same event three times at once, and two others of the same payment.
    await asyncio.gather(*(stripe.stripe(each) for each in (sent, sent, sent, paid(order["id"]))))
    await told(stripe, paid(order["id"]))
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert (found["status"], found["paid"], found["version"]) == ("PAID", euros("25.00"), 2)
    [payment] = found["payments"]["nodes"]
    assert (payment["provider"], payment["paymentId"]) == ("STRIPE", "pi_1")


async def test_two_payments_of_an_order_are_kept_apart(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(order["id"], "pi_1", 1000))
    await recorder.idle(client)
    part = await shown(client, order["id"])
    assert (part["status"], part["paid"], part["refundOwed"]) == ("PLACED", euros("10.00"), euros("0.00"))
    await told(stripe, paid(order["id"], "pi_2", 2500))
    await recorder.idle(client)
    more = await shown(client, order["id"])
    assert (more["status"], more["paid"], more["refundOwed"]) == ("PAID", euros("35.00"), euros("10.00"))
    assert len(more["payments"]["nodes"]) == 2


async def test_what_comes_late_is_owed_back(product: Product, client: Client, recorder: Recorder) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await client.send("CancelOrder", input={"id": order["id"]})
    await told(stripe, paid(order["id"]))
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert (found["status"], found["refundOwed"]) == ("CANCELLED", euros("25.00"))


async def test_a_failure_has_a_way_back_and_a_refund_finds_its_order(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    error = {"code": "card_declined"}
    intent = {"id": "pi_1", "metadata": {"order_id": order["id"]}, "last_payment_error": error}
    await told(stripe, stripe_event("payment_intent.payment_failed", intent))
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "PAYMENT_FAILED"
    # What is told of the payment later does not name the order any more.
    await told(stripe, paid(None, "pi_1"), refunded("pi_1", 500))
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert (found["status"], found["refunded"]) == ("PARTLY_REFUNDED", euros("5.00"))


async def test_a_refund_that_comes_first_does_not_hold_its_payment_up(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, refunded("pi_1", 2500, order=order["id"]))
    await recorder.idle(client)
    await told(stripe, paid(order["id"]))
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["paid"] == euros("25.00")
    recorder.clock.ahead = timedelta(minutes=1)
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "REFUNDED"


async def test_what_names_no_order_waits_until_its_payment_names_one(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, refunded("pi_1", 500, "re_1"), refunded("pi_1", 700, "re_2"))
    await recorder.idle(client)
    await told(stripe, paid(order["id"]))
    await recorder.idle(client)
    recorder.clock.ahead = timedelta(minutes=1)
    await recorder.idle(client)
    found = await shown(client, order["id"])
    assert (found["status"], found["refunded"]) == ("PARTLY_REFUNDED", euros("12.00"))
    assert await letters(client, recorder) == []


async def test_a_refund_counts_once_whoever_tells_of_it(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(order["id"]), refunded("pi_1", 500))
    await recorder.idle(client)
    recorder.clock.ahead = timedelta(minutes=1)
    await recorder.idle(client)
    by_hand = {"id": order["id"], "provider": "STRIPE", "paymentId": "pi_1", "refundId": "re_1"}
    await client.send("RecordRefund", input={**by_hand, "amount": "5.00", "currency": "EUR"})
    assert (await shown(client, order["id"]))["refunded"] == euros("5.00")


def test_what_waits_for_an_order_is_bounded_and_forgotten() -> None:
    process, source = (
        OrderPayments(cast(ProcessPorts, SimpleNamespace(repository=None)), cast(TenantBilling, None)),
        UUID(int=1),
    )
    state: PaidOrder | None = None
    notices = [PaymentNotice(outcome=PaymentOutcome.SETTLED, payment_id="pi_1")]
    notices += [
        PaymentNotice(outcome=PaymentOutcome.REFUNDED, payment_id="pi_1", refund_id=f"re_{number}")
        for number in range(2 * MOST_WAITING)
    ]
    for number, notice in enumerate(notices):
        event = OutsideEvent.PaymentTold(source_id=source, provider=CallbackProvider.STRIPE, payment=notice)
        then = process.react(state, event.stamped(UUID(int=number), 2, NOON))
        assert [type(action) for action in then.actions] == ([] if state else [Schedule])
        state = then.state
    assert state is not None
    # Without what was paid none of its refunds could be recorded.
    assert [each.payment.refund_id for each in state.waiting] == ["", *(f"re_{n}" for n in range(51, 100))]
    fired = Fired(timer="forget", instance="stripe:pi_1", due_at=NOON, at=NOON)
    assert process.fire(state, fired).state is None
    assert OrderPayments.restore(1, f'{{"order_id": "{source}"}}') == PaidOrder(order_id=source)
    invoice = {"tenant_id": str(source), "subscription_id": str(source), "number": "1"}
    both = {"order_id": str(source), "invoice": invoice, "waiting": [], "unread": [], "others": []}
    restored = OrderPayments.restore(4, json.dumps(both))
    assert (restored.order_id, restored.other_orders) == (None, (source,))


async def test_a_payment_waits_for_its_order(product: Product, client: Client, recorder: Recorder) -> None:
    stripe, mug, id = await a_provider(product, client), await a_product(client), str(uuid4())
    await told(stripe, paid(id))
    await recorder.idle(client)
    order = await an_order(client, mug, id=id)
    recorder.clock.ahead = timedelta(minutes=1)
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "PAID"
    assert await letters(client, recorder) == []


async def test_what_waited_in_vain_is_a_dead_letter_that_is_replayed(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, mug, id = await a_provider(product, client), await a_product(client), str(uuid4())
    await told(stripe, paid(id))
    await waited(recorder, client)
    [letter] = await letters(client, recorder)
    assert letter["message"].startswith("not_found: ")
    assert json.loads(letter["raw"])["paymentId"] == "pi_1"
    # The event was accepted: it is not rejected as well.
    quality = await client.send("SourceQuality", afterPosition=str(await recorder.log.head()))
    assert [(each["node"]["accepted"], each["node"]["rejected"]) for each in quality["edges"]] == [(1, 0)]
    order = await an_order(client, mug, id=id)
    answer = await replayed(client, id=letter["id"])
    assert answer["status"] == "ACCEPTED", answer
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["status"] == "PAID"
    assert await letters(client, recorder) == []


async def test_a_dead_letter_of_a_payment_is_replayed_with_the_right_order(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(order["id"], currency="usd"))
    await recorder.idle(client)
    [letter] = await letters(client, recorder)
    assert letter["message"].startswith("payment_in_other_currency: ")
    for text in ("x", "{}", '{"outsideEventId": 5}', json.dumps({"outsideEventId": str(uuid4())})):
        answer = await replayed(client, id=letter["id"], event=text)
        assert answer["status"] == "REJECTED", text
    dollars = await a_product(client, "MUG-2", currency="USD")
    other = (
        await client.send(
            "PlaceOrder", input={"items": [{"productId": dollars, "quantity": 2}], "currency": "USD"}
        )
    )["order"]
    corrected = json.dumps({**json.loads(letter["raw"]), "orderId": other["id"]})
    answer = await replayed(client, id=letter["id"], event=corrected)
    assert answer["status"] == "ACCEPTED", answer
    await recorder.idle(client)
    assert (await shown(client, other["id"]))["status"] == "PAID"


async def test_a_dead_letter_of_a_payment_pays_one_order_of_those_that_are_named_at_once(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, mug = await a_provider(product, client), await a_product(client)
    await told(stripe, paid(str(uuid4())))
    await waited(recorder, client)
    [letter] = await letters(client, recorder)
    orders = [(await an_order(client, mug))["id"] for _ in range(3)]
    texts = [json.dumps({**json.loads(letter["raw"]), "orderId": order}) for order in orders]
    inputs = [{"id": letter["id"], "event": text} for text in texts]
    answers = await asyncio.gather(*(client.send("ReplayDeadLetter", input=each) for each in inputs))
    assert sorted(each.get("code", "") for each in answers) == ["", *["already_replayed"] * 2]
    await recorder.idle(client)
    assert sorted([(await shown(client, order))["status"] for order in orders]).count("PAID") == 1
    again = [await client.send("ReplayDeadLetter", input=each) for each in inputs]
    assert sorted(each.get("code", "") for each in again) == ["", *["already_replayed"] * 2]


async def test_nobody_else_can_say_that_an_order_is_paid(
    product: Product, client: Client, recorder: Recorder
) -> None:
    order = await an_order(client, await a_product(client))
    shop = await a_source(product, client)
    forged = {"webhookId": "evt_1", "source": "stripe", "payload": paid(order["id"])}
    (answer,) = await shop.answers(event(eventType="integration.webhook.received", data={"payload": forged}))
    assert answer["status"] == "accepted"
    # A provider of another company names the order as well.
    stranger = await product.newcomer("Eve")
    await told(await a_provider(product, stranger), paid(order["id"]))
    await recorder.idle(client)
    await recorder.idle(stranger)
    assert (await shown(client, order["id"]))["status"] == "PLACED"
