"""An invoice of a tenant with a database of its own is paid there, by what a source of the platform is told."""

from uuid import uuid4

from domain.kit.caller import PLATFORM
from domain.kit.tenants import Placement
from tests.gateway.callbacks import a_provider
from tests.kit.following import Worker
from tests.kit.processes import until
from tests.kit.product import Product
from tests.payments.test_invoice_payments import billed, settled
from tests.payments.test_order_payments import told
from tests.placement.conftest import Platform


async def test_an_invoice_is_paid_in_the_database_of_its_tenant(platform: Platform) -> None:
    product = Product(platform.settings, platform.http, Worker(platform.settings), [])
    tenant = await platform.tenant(f"billed-{uuid4().hex[:8]}", Placement.SILO)
    theirs = await billed(product, platform.client(tenant))
    stripe = await a_provider(product, platform.client(PLATFORM))
    await told(stripe, settled(theirs.reference, f"pi_{uuid4().hex}"))

    async def paid() -> bool:
        return await theirs.stands() == ("PAID", "0.00", "ACTIVE")

    await until(paid)
    assert (await theirs.events()).count("invoice_paid") == 1
