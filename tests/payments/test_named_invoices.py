"""What a payment names after the invoice that it has paid, again and again."""

from uuid import uuid4

import pytest

from domain.processes.payments.known_payments import MOST_OTHERS
from tests.gateway.callbacks import a_provider
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_invoice_payments import billed, letters, settled
from tests.payments.test_invoice_payments import operator as operator
from tests.payments.test_order_payments import told

pytestmark = pytest.mark.servers


async def test_a_payment_that_names_invoice_after_invoice_pays_one(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    other = await billed(product, await product.newcomer())
    intent = f"pi_{uuid4().hex}"
    await told(stripe, settled(tenant.reference, intent))
    await recorder.idle(operator)
    await told(stripe, *(settled(f"{tenant.reference}-{n}", intent) for n in range(MOST_OTHERS)))
    await told(stripe, settled(other.reference, intent))
    await recorder.idle(operator)
    assert await other.stands() == ("ISSUED", "0.00", "ACTIVE")
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")
    found = [letter["message"] for letter in await letters(operator, stripe, recorder)]
    assert f"The payment has named {MOST_OTHERS} orders and invoices before." in found
