"""Payments that name no order by its id, or say no amount: somebody is told."""

import json

import pytest

from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import a_provider
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import letters, paid, replayed, shown, told, waited

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
