"""Tenants for the tests of the API: founded as provisioning founds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from app.composition.write_side import commanding
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal
from domain.tenancy.tenant_commands import CreateTenant
from tests.kit.client import Client
from tests.kit.product import Product


@dataclass
class Companies:
    """Founds tenants, and sends commands that no client of the API may send."""

    bus: Bus
    product: Product

    async def founded(self, tenant_id: UUID | None = None, **more: Any) -> Client:
        """An owner in a tenant that is there from now on."""
        tenant_id = tenant_id or uuid4()
        receipt = await self.found(tenant_id, **more)
        assert isinstance(receipt, AppendReceipt), receipt
        return await self.product.newcomer(tenant=tenant_id)

    async def found(self, tenant_id: UUID, **more: Any) -> AppendReceipt | Refusal:
        """The answer to the command that creates a tenant."""
        given: dict[str, Any] = {"name": "Acme", "slug": f"acme-{tenant_id}", "region": "local", **more}
        return await self.send(tenant_id, CreateTenant(id=tenant_id, **given))

    async def send(self, tenant_id: UUID, command: Command) -> AppendReceipt | Refusal:
        """The answer to a command of a service's."""
        return await self.bus.send(command, by=Caller(tenant_id=tenant_id, user_id=uuid4(), kind="service"))


@asynccontextmanager
async def companies_of(product: Product) -> AsyncIterator[Companies]:
    """The companies of a running product."""
    async with commanding(product.settings) as (_, bus):
        yield Companies(bus, product)
