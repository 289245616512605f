"""Tenants, flags and billing stand with the append itself: nothing has to be waited for (KRN-17)."""

from uuid import uuid4

from domain.kit.log import AppendReceipt
from domain.tenancy.flags import AddFeatureFlag
from domain.tenancy.subscription_commands import IssueInvoice, StartSubscription
from tests.kit.product import Product
from tests.tenants.companies import Companies
from tests.tenants.histories import FEBRUARY, JANUARY, invoiced


async def test_what_was_appended_is_read_while_no_worker_runs(product: Product, companies: Companies) -> None:
    tenant_id, id = uuid4(), uuid4()
    owner = product.client(tenant_id, uuid4())
    await product.worker.pause()
    try:
        await companies.found(tenant_id)
        await companies.send(tenant_id, AddFeatureFlag(id=uuid4(), feature_name="beta"))
        start = StartSubscription(id=id, tier="team", period_start=JANUARY, period_end=FEBRUARY)
        await companies.send(tenant_id, start)
        issued = invoiced()
        invoice = IssueInvoice(
            id=id, number=issued.number, amount=issued.amount, currency="EUR", due_at=issued.due_at
        )
        last = await companies.send(tenant_id, invoice)
        assert isinstance(last, AppendReceipt)
        for operation in ("Tenant", "FeatureFlags", "TenantSubscription", "Invoices"):
            answer = await owner.answer(operation, afterPosition=str(last.last))
            assert "stale" not in answer.get("extensions", {}), operation
            [shown] = answer["data"].values()
            assert shown
            assert shown.get("edges", True), operation
    finally:
        await product.worker.start()
