"""Payments that name no order by its id, or say no amount: somebody is told."""

import json

import pytest

from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import a_provider, stripe_event
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import letters, paid, refunded, replayed, shown, told, waited

pytestmark = pytest.mark.servers


async def test_a_payment_that_cannot_be_read_is_a_dead_letter_at_once(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid("nonsense"), paid(order["id"], "pi_2", "abc"))
    await recorder.idle(client)
    found = {json.loads(each["raw"])["paymentId"]: each for each in await letters(client, recorder)}
    assert sorted(found) == ["pi_1", "pi_2"]
    answer = await replayed(client, id=found["pi_1"]["id"])
    assert [each["path"] for each in answer["violations"]] == [["orderId"]]
    corrected = json.dumps({**json.loads(found["pi_1"]["raw"]), "orderId": order["id"]})
    answer = await replayed(client, id=found["pi_1"]["id"], event=corrected)
    assert answer["status"] == "ACCEPTED", answer
    await waited(recorder, client, hours=1)
    assert (await shown(client, order["id"]))["paid"] == euros("25.00")
    answer = await replayed(client, id=found["pi_2"]["id"])
    assert [each["path"] for each in answer["violations"]] == [["amount"]]
    assert [each["id"] for each in await letters(client, recorder)] == [found["pi_2"]["id"]]


async def test_a_payment_that_is_refused_once_its_order_is_named_is_a_letter_of_its_own(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid("nonsense", currency="usd"), paid("nonsense", "pi_2", currency="usd"))
    await recorder.idle(client)
    found = {json.loads(each["raw"])["paymentId"]: each for each in await letters(client, recorder)}
    # Of one an operator says which order it is, of the other one a failure does.
    corrected = json.dumps({"orderId": order["id"]})
    answer = await replayed(client, id=found["pi_1"]["id"], event=corrected)
    assert answer["status"] == "ACCEPTED", answer
    failed = {"id": "pi_2", "metadata": {"order_id": order["id"]}}
    await told(stripe, stripe_event("payment_intent.payment_failed", failed))
    await recorder.idle(client)
    left = {json.loads(each["raw"])["paymentId"]: each for each in await letters(client, recorder)}
    assert {id: each["message"].partition(":")[0] for id, each in left.items()} == {
        "pi_1": "payment_in_other_currency",
        "pi_2": "payment_in_other_currency",
    }
    assert len(await letters(client, recorder)) == 2
    # Nothing stands in the way of what is told later.
    dollars = await a_product(client, "MUG-2", currency="USD")
    items = {"items": [{"productId": dollars, "quantity": 2}], "currency": "USD"}
    other = (await client.send("PlaceOrder", input=items))["order"]
    corrected = json.dumps({"orderId": other["id"]})
    answer = await replayed(client, id=left["pi_1"]["id"], event=corrected)
    assert answer["status"] == "ACCEPTED", answer
    await recorder.idle(client)
    assert (await shown(client, other["id"]))["status"] == "PAID"


async def test_the_letter_of_what_is_named_later_is_closed(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid("nonsense"))
    await recorder.idle(client)
    assert len(await letters(client, recorder)) == 1
    await told(stripe, paid(order["id"]))
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["paid"] == euros("25.00")
    assert await letters(client, recorder) == []


async def test_what_says_no_amount_names_the_order_all_the_same(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(None))
    await recorder.idle(client)
    await told(stripe, paid(order["id"], units="abc"))
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["paid"] == euros("25.00")
    [letter] = await letters(client, recorder)
    assert letter["message"] == "It says no amount that can be read."
    await told(stripe, refunded("pi_1", 500))
    await recorder.idle(client)
    assert (await shown(client, order["id"]))["refunded"] == euros("5.00")
