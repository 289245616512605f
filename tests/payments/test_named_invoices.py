"""What a payment names before and after the invoice that it pays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.processes.address_proofs import LinkedDatabase
from app.processes.tenant_invoices import ReachedBilling
from domain.kit.bus.repository import Repository
from domain.operations.tenants import TenantNotPlaced
from domain.processes.payments.known_payments import MOST_OTHERS
from tests.gateway.callbacks import a_provider
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder
from tests.payments.test_invoice_payments import Billed, billed, letters, settled
from tests.payments.test_invoice_payments import operator as operator
from tests.payments.test_order_payments import refunded, told, waited
from tests.tenants.test_api_billing import FEBRUARY

pytestmark = pytest.mark.servers

BESIDE = """
with was as (
    update processes.instances set version = 5, state = state::jsonb - 'postponed'
     where process = 'commerce.order_payments' and instance = $1
    returning tenant_id
), untimed as (
    delete from processes.timers where process = 'commerce.order_payments' and instance = $1
)
update processes.ledger l
   set instance = l.instance || '/settled/', payload = l.payload::jsonb - 'tries', result = null,
       status = 'pending', finished_at = null, attempts = 2, next_at = $2
  from was
 where l.process = 'commerce.order_payments' and l.tenant_id = was.tenant_id and l.instance = $1
   and l.kind = 'effect'
"""
"""What waits of a payment, as version 5 kept it: in instances beside that of the payment."""


async def issue(product: Product, tenant: Billed, reference: str) -> None:
    """Issue another invoice of the tenant."""
    payments = product.client(tenant.client.tenant, uuid4(), {"ops:payments", "billing:read"}, role="guest")
    new = {"id": tenant.subscription, "number": reference.rpartition("/")[2]}
    due = {"amount": "25.00", "currency": "EUR", "dueAt": FEBRUARY}
    issued = await payments.send("IssueInvoice", input={**new, **due})
    assert "position" in issued, issued


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
    await issue(product, tenant, missing)
    await waited(recorder, operator)
    found = (await client.send("Invoices"))["edges"]
    assert sorted(each["node"]["status"] for each in found) == ["ISSUED", "PAID"]
    assert len(await letters(operator, stripe, recorder)) == 1


@pytest.mark.parametrize("both", [False, True])
async def test_what_waited_of_a_payment_before_an_upgrade_pays_nothing_twice(
    product: Product, client: Client, operator: Client, recorder: Recorder, both: bool
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    # Of two tenants, neither of which knows what the other's invoices were paid by.
    other, intent = await billed(product, await product.newcomer()), f"pi_{uuid4().hex}"
    missing, next_one = f"{other.reference}-9", f"{tenant.reference}-10"
    instance, pool = f"stripe:{intent}", recorder.work.database.writer
    for each in (missing, next_one) if both else (missing,):
        await told(stripe, settled(each, intent))
        await recorder.idle(operator)
    await pool.execute(BESIDE, instance, recorder.clock.now() + timedelta(hours=1))
    if both:
        await issue(product, tenant, next_one)
    else:
        await told(stripe, settled(tenant.reference, intent))
        await recorder.idle(operator)
        await issue(product, other, missing)
    recorder.clock.ahead += timedelta(hours=2)
    await recorder.idle(operator)
    if both:
        await issue(product, other, missing)
    await waited(recorder, operator)
    paid = [
        edge["node"]["status"] == "PAID"
        for each in (tenant, other)
        for edge in (await each.client.send("Invoices"))["edges"]
    ]
    assert paid.count(True) == 1
    [letter] = await letters(operator, stripe, recorder)
    assert letter["message"].startswith("already_taken: ")
    known = await pool.fetch(
        "select instance from processes.instances where starts_with(instance, $1)", instance
    )
    assert [row["instance"] for row in known] == [instance]


async def test_a_tenant_that_cannot_be_asked_holds_up_nothing_that_is_known_without_it(
    product: Product,
    client: Client,
    operator: Client,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stripe, tenant = await a_provider(product, operator), await billed(product, client)
    other, nowhere = await billed(product, await product.newcomer()), uuid4()
    writes, lacking = recorder.writes, dict[UUID, Exception]()

    @asynccontextmanager
    async def reach(tenant_id: UUID) -> AsyncIterator[LinkedDatabase]:
        if tenant_id in lacking:
            raise lacking[tenant_id]
        yield LinkedDatabase(
            repository=Repository(writes.log, writes.codec), opening=writes.ring, bus=writes.bus
        )

    [process] = recorder.work.processes
    monkeypatch.setattr(process, "_billing", ReachedBilling(reach))
    intent, second = f"pi_{uuid4().hex}", f"pi_{uuid4().hex}"
    # It was never made, so that nothing was paid there.
    lacking[nowhere] = TenantNotPlaced(field="id")
    for each in (f"{nowhere}/{uuid4()}/1", tenant.reference):
        await told(stripe, settled(each, intent))
        await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "0.00", "ACTIVE")
    lacking[nowhere] = ConnectionRefusedError()
    await told(stripe, refunded(intent, 500))
    await recorder.idle(operator)
    assert await tenant.stands() == ("PAID", "5.00", "ACTIVE")
    lacking[other.client.tenant] = ConnectionRefusedError()
    await told(stripe, settled(other.reference, second))
    await recorder.idle(operator)
    del lacking[other.client.tenant]
    await told(stripe, settled(other.reference, second))
    await recorder.idle(operator)
    assert await other.stands() == ("PAID", "0.00", "ACTIVE")
    assert len(await letters(operator, stripe, recorder)) == 1
