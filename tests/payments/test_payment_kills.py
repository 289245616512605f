"""A worker killed anywhere between a callback and its settlement: the payment is recorded, and once."""

import pytest

from domain.processes.payments.order_payments import OrderPayments
from tests.commerce.test_api_orders import a_product, an_order
from tests.gateway.callbacks import a_provider
from tests.kit.process_worker import product_child
from tests.kit.product import Product
from tests.payments.test_order_payments import paid, shown, told

pytestmark = pytest.mark.servers


async def test_a_payment_is_recorded_once_wherever_its_worker_is_killed(product: Product) -> None:
    client = await product.newcomer()
    stripe, mug = await a_provider(product, client), await a_product(client)
    orders, point, ended = [], 0, "exit -9"
    async with product_child(product.settings, OrderPayments) as child:
        assert await child.run(0) == "exit 0"
        while ended == "exit -9":
            point += 1
            orders.append((await an_order(client, mug))["id"])
            await told(stripe, paid(orders[-1], f"pi_{point}"))
            ended = await child.run(point)
            if ended == "exit -9":
                assert await child.run(0) == "exit 0"
    assert ended == "exit 0"
    assert point > 2
    for order in orders:
        found = await shown(client, order)
        assert (found["status"], found["version"]) == ("PAID", 2)
