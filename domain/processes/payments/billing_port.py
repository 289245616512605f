"""The way from the platform's sources to the subscriptions of tenants."""

from typing import Any, Protocol
from uuid import UUID

from domain.gateway.callbacks.notices import InvoiceReference
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.process.effects import Call
from domain.kit.refusals import Refusal
from domain.tenancy.subscriptions import Subscription


class TenantAway(Exception):
    """The database of a tenant cannot be used for the moment."""


class TenantBilling(Protocol):
    """Leads to the subscriptions of all tenants, wherever they are."""

    async def subscription(self, asked_in: UUID, invoice: InvoiceReference) -> Subscription | None:
        """The subscription of an invoice; None where there is none. Raises as `send`."""
        ...

    # Whatever state the process has.
    async def send(
        self, call: Call[Any], process: str, invoice: InvoiceReference, command: Command
    ) -> AppendReceipt | Refusal:
        """Send a command to the tenant of an invoice, once however often it is tried. Raises EffectRefused where
        the call is in another tenant than the platform's, TenantNotPlaced where that tenant was never made, and
        TenantAway, after which it may have happened."""
        ...
