"""What a payment names before and after the invoice that it pays."""

from uuid import uuid4

import pytest

from domain.processes.payments.known_payments import MOST_OTHERS
from tests.gateway.callbacks import a_provider
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_invoice_payments import billed, letters, settled
from tests.payments.test_invoice_payments import operator as operator
from tests.payments.test_order_payments import refunded, told, waited
from tests.tenants.test_api_billing import FEBRUARY

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


async def test_a_payment_goes_on_with_what_it_names_next_while_an_invoice_is_not_there(
    product: Product, client: Client, operator: Client, recorder: Recorder
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    missing, intent = f"{tenant.reference}-9", f"pi_{uuid4().hex}"
    await told(stripe, settled(missing, intent), refunded(intent, 500))
    await recorder.idle(operator)
    await told(stripe, settled(tenant.reference, intent))
    await recorder.idle(operator)
    # At once, and the refund that waited with it.
    assert await tenant.stands() == ("PAID", "5.00", "ACTIVE")
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"] == f"already_taken: The payment has paid invoice {tenant.reference}."
    # It pays no other one, though that is there by now.
    due = {"amount": "25.00", "currency": "EUR", "dueAt": FEBRUARY}
    payments = product.client(client.tenant, uuid4(), {"ops:payments", "billing:read"}, role="guest")
    issued = await payments.send(
        "IssueInvoice", input={"id": tenant.subscription, "number": missing.rpartition("/")[2], **due}
    )
    assert "position" in issued, issued
    await waited(recorder, operator)
    found = (await client.send("Invoices"))["edges"]
    assert sorted(each["node"]["status"] for each in found) == ["ISSUED", "PAID"]
    assert len(await letters(operator, stripe, recorder)) == 1
