"""Carries what the platform's sources tell of payments to the subscriptions of tenants, wherever those live."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from app.processes.address_proofs import LinkedDatabase, Reach
from domain.gateway.callbacks.notices import InvoiceReference
from domain.kit.caller import PLATFORM
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.process.effects import Call, EffectRefused
from domain.kit.process.system_commands import send_as_system
from domain.kit.refusals import Refusal
from domain.processes.payments.billing_port import TenantAway, TenantBilling
from domain.tenancy.subscriptions import Subscription
from projections.kit.read.unavailable import is_away

_logger = logging.getLogger(__name__)


class ReachedBilling(TenantBilling):
    """Tenants are reached from the platform alone: of all sources only its own tell what tenants have paid."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def subscription(self, asked_in: UUID, invoice: InvoiceReference) -> Subscription | None:
        async with self._place(asked_in, invoice) as place:
            id = invoice.subscription_id
            found = (await place.repository.get(invoice.tenant_id, [id], fresh=True)).get(id)
        return found if isinstance(found, Subscription) else None

    # Whatever state the process has.
    async def send(
        self, call: Call[Any], process: str, invoice: InvoiceReference, command: Command
    ) -> AppendReceipt | Refusal:
        async with self._place(call.tenant_id, invoice) as place:
            return await send_as_system(
                place.bus,
                command,
                process=process,
                tenant_id=invoice.tenant_id,
                command_id=call.key,
                correlation_id=call.correlation_id,
                event_id=call.event_id,
            )

    @asynccontextmanager
    async def _place(self, asked_in: UUID, invoice: InvoiceReference) -> AsyncIterator[LinkedDatabase]:
        if asked_in != PLATFORM:
            raise EffectRefused("forbidden: This source tells of no invoices.")
        try:
            async with self._reach(invoice.tenant_id) as place:
                yield place
        except Exception as error:
            if is_away(error):
                _logger.warning(
                    "The database of tenant %s is away: a payment of its invoices waits.", invoice.tenant_id
                )
                raise TenantAway from error
            raise
