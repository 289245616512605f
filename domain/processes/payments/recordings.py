"""What records the things that are told of a payment: commands on the order, or the invoice, that it pays."""

from uuid import UUID

from domain.commerce.order_commands import RecordPayment, RecordPaymentFailure, RecordRefund
from domain.commerce.order_fields import PaymentProvider
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice, PaymentOutcome
from domain.kit.commands import Command
from domain.tenancy.subscription_commands import MarkInvoiceOverdue, PayInvoice, RecordInvoiceRefund


def on_order(id: UUID, provider: PaymentProvider, payment: PaymentNotice) -> Command:
    """What records it with an order. Raises ValueError for a refund that failed, which no command takes back."""
    match payment.outcome:
        case PaymentOutcome.SETTLED:
            return RecordPayment(
                id=id,
                provider=provider,
                payment_id=payment.payment_id,
                amount=payment.amount,
                currency=payment.currency,
            )
        case PaymentOutcome.FAILED:
            return RecordPaymentFailure(
                id=id, provider=provider, payment_id=payment.payment_id, reason=payment.reason
            )
        case PaymentOutcome.REFUNDED:
            return RecordRefund(
                id=id,
                provider=provider,
                payment_id=payment.payment_id,
                refund_id=payment.refund_id,
                amount=payment.amount,
                currency=payment.currency,
            )
        case PaymentOutcome.REFUND_FAILED:
            raise ValueError(payment.outcome)


def on_invoice(invoice: InvoiceReference, provider: PaymentProvider, payment: PaymentNotice) -> Command:
    """What records it with an invoice. Raises as `on_order`."""
    id, number = invoice.subscription_id, invoice.number
    reference = provider_reference(provider, payment.payment_id)
    match payment.outcome:
        case PaymentOutcome.SETTLED:
            return PayInvoice(
                id=id, number=number, payment=reference, amount=payment.amount, currency=payment.currency
            )
        case PaymentOutcome.FAILED:
            return MarkInvoiceOverdue(id=id, number=number)
        case PaymentOutcome.REFUNDED:
            return RecordInvoiceRefund(
                id=id,
                number=number,
                payment=reference,
                refund=provider_reference(provider, payment.refund_id),
                amount=payment.amount,
                currency=payment.currency,
            )
        case PaymentOutcome.REFUND_FAILED:
            raise ValueError(payment.outcome)


def provider_reference(provider: PaymentProvider, id: str) -> str:
    """By what a payment, or a refund, of an invoice is known: ids are a provider's own."""
    return f"{provider.value}:{id}"
