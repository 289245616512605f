"""Refunds that fail: nothing of an order changes, and somebody is told."""

import pytest

from tests.commerce.test_api_orders import a_product, an_order, euros
from tests.gateway.callbacks import a_provider
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_order_payments import letters, paid, refunded, shown, told, waited

pytestmark = pytest.mark.servers


async def test_a_refund_that_fails_after_it_was_recorded_is_a_dead_letter(
    product: Product, client: Client, recorder: Recorder
) -> None:
    stripe, order = await a_provider(product, client), await an_order(client, await a_product(client))
    await told(stripe, paid(order["id"]), refunded("pi_1", 500))
    await told(stripe, refunded("pi_1", 500, status="failed"), refunded("pi_1", 700, "re_2", status="failed"))
    await waited(recorder, client)
    assert (await shown(client, order["id"]))["refunded"] == euros("5.00")
    # The other one was never recorded.
    [letter] = await letters(client, recorder)
    assert letter["message"].startswith("refund_failed: Refund re_1 of payment pi_1 ")
    # What is told the other way round is told as well.
    await told(stripe, refunded("pi_1", 300, "re_3", status="failed"))
    await recorder.idle(client)
    await told(stripe, refunded("pi_1", 300, "re_3"))
    await waited(recorder, client)
    assert len(await letters(client, recorder)) == 2
