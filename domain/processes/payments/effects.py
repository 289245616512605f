"""What is done about each thing that is told of a payment: it is recorded with what the payment pays."""

from dataclasses import dataclass, fields
from uuid import UUID

from domain.commerce.order_fields import PaymentProvider
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice
from domain.kit.process.effects import Effect
from domain.processes.payments.known_payments import WaitingNotice
from domain.processes.payments.recordings import Payable

SCHEDULE = (0, 5, 30, 120, 600, 3600, 4 * 3600, 8 * 3600, 8 * 3600)
"""Seconds before each try: what is not there yet, an order, an invoice, or a payment of which only a refund is
told so far, is waited for during 21 hours."""


def filed_under(provider: str, payment_id: str) -> str:
    """The instance that all of a payment is filed under."""
    return f"{provider}:{payment_id}"


@dataclass(frozen=True, kw_only=True)
class OfPayment:
    """What an effect says of the one thing that was told of a payment."""

    source_id: UUID
    outside_event_id: UUID
    told: int
    """The version of the event's stream by which it was told."""
    provider: PaymentProvider
    payment: PaymentNotice
    others: tuple[InvoiceReference, ...] = ()
    other_orders: tuple[UUID, ...] = ()
    """What was named before, in effects that an earlier version asked for: now the state says it."""
    tries: int = 1
    """How often it was asked for, this time included, while what it names was not there."""

    @property
    def instance(self) -> str:
        return filed_under(self.provider, self.payment.payment_id)


class Record(OfPayment, Effect, schedule=SCHEDULE):
    """Record one thing that was told of a payment with its order."""

    order_id: UUID

    @property
    def paid(self) -> Payable:
        return self.order_id


class Bill(OfPayment, Effect, schedule=SCHEDULE):
    """Record one thing that was told of a payment with the invoice of a tenant."""

    invoice: InvoiceReference

    @property
    def paid(self) -> Payable:
        return self.invoice


def recorded(notice: WaitingNotice, paid: Payable, tries: int = 1) -> Record | Bill:
    """What records it with what it pays."""
    said = {field.name: getattr(notice, field.name) for field in fields(notice)}
    if isinstance(paid, InvoiceReference):
        return Bill(invoice=paid, tries=tries, **said)
    return Record(order_id=paid, tries=tries, **said)


def notice_of(effect: Record | Bill) -> WaitingNotice:
    """What was told."""
    return WaitingNotice(**{field.name: getattr(effect, field.name) for field in fields(WaitingNotice)})
