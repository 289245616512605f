"""What records the things that are told of a payment: commands on the order, or the invoice, that it pays."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias
from uuid import UUID

from domain.commerce.order_commands import RecordPayment, RecordPaymentFailure, RecordRefund
from domain.commerce.order_fields import PaymentProvider
from domain.commerce.order_settlements import payment_key
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice, PaymentOutcome
from domain.kit.commands import Command
from domain.tenancy.subscription_commands import MarkInvoiceOverdue, PayInvoice, RecordInvoiceRefund

Payable: TypeAlias = UUID | InvoiceReference
"""What a payment pays: an order, by its id, or an invoice."""

_COMMANDS: Mapping[PaymentOutcome, tuple[type[Command], type[Command]]] = {
    PaymentOutcome.SETTLED: (RecordPayment, PayInvoice),
    PaymentOutcome.FAILED: (RecordPaymentFailure, MarkInvoiceOverdue),
    PaymentOutcome.REFUNDED: (RecordRefund, RecordInvoiceRefund),
}
"""What records each with an order, and with an invoice."""


def recording(paid: Payable, provider: PaymentProvider, payment: PaymentNotice) -> Command:
    """What records it with what it pays. Raises KeyError for a refund that failed, which no command takes back."""
    of_order, of_invoice = _COMMANDS[payment.outcome]
    # Of several types, as commands take them.
    said: dict[str, Any] = {"amount": payment.amount, "currency": payment.currency}
    if isinstance(paid, InvoiceReference):
        command = of_invoice
        said |= {"id": paid.subscription_id, "number": paid.number}
        said |= {"payment": payment_key(provider, payment.payment_id)}
        said |= {"refund": payment_key(provider, payment.refund_id)}
    else:
        command = of_order
        said |= {"id": paid, "provider": provider, "payment_id": payment.payment_id}
        said |= {"refund_id": payment.refund_id, "reason": payment.reason}
    return command(**{each.name: said[each.name] for each in fields(command) if each.name in said})
