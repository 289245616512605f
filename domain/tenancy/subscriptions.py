"""Subscriptions: what a tenant pays for, until when, and the invoices for it (ID-T-27)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Public
from domain.kit.model import ONE_LINE, Aggregate, Event, NotFound, Refusal, Unique, applies, assigns
from domain.kit.money.money import Amount, Currency
from domain.kit.refusals import AlreadyTaken

Tier = Annotated[str, Len(1, 50), ONE_LINE, Public(), Describe("The subscribed tier, such as `team`.")]
PeriodStart = Annotated[datetime, Internal(), Describe("When the paid period began.")]
PeriodEnd = Annotated[datetime, Internal(), Describe("When the paid period ends.")]
Number = Annotated[
    str, Len(1, 50), ONE_LINE, Internal(), Authored(), Describe("The invoice number, unique in the tenant.")
]
DueAt = Annotated[datetime, Internal(), Describe("When it is due.")]
Payment = Annotated[
    str,
    Len(0, 200),
    ONE_LINE,
    Confidential(),
    Describe(
        "The payment's reference; one at Stripe or PayPal as `stripe:pi_1`, by which it is known as the same."
    ),
]
Refund = Annotated[
    str, Len(1, 250), ONE_LINE, Confidential(), Describe("The refund's reference at the payment provider.")
]
Why = Annotated[str, Len(0, 500), ONE_LINE, Internal(), Authored(), Describe("The reason, in one line.")]


_PROVIDERS = ("stripe:", "paypal:")


def same_reference(reference: str, other: str) -> bool:
    """Whether two references are those of the same payment, or refund: one of them may lack its provider."""
    return reference == other or any(
        provider + reference == other or provider + other == reference for provider in _PROVIDERS
    )


class SubscriptionStatus(StrEnum):
    """The status of a subscription."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    """An invoice is overdue."""
    CANCELLED = "cancelled"


class InvoiceStatus(StrEnum):
    """The status of an invoice."""

    ISSUED = "issued"
    """To be paid."""
    OVERDUE = "overdue"
    """Still to be paid, and its date is over."""
    PAID = "paid"
    VOID = "void"
    """Nobody has to pay it."""

    @property
    def open(self) -> bool:
        """Whether it is still to be paid."""
        return self in (InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE)


@dataclass(frozen=True, kw_only=True)
class KnownInvoice:
    """What a subscription remembers of an invoice."""

    status: InvoiceStatus = InvoiceStatus.ISSUED
    amount: Decimal
    currency: str
    payment: str = ""
    refunds: dict[str, Decimal] = field(default_factory=dict)
    """What went back, by the refund's reference."""
    refunded: Decimal = Decimal(0)

    def is_over(self, amount: Decimal, currency: str | None) -> bool:
        """Whether it is over this amount."""
        return (self.amount, self.currency) == (amount, currency)


Status = Annotated[SubscriptionStatus, Public(), Describe("How the subscription stands after it.")]


class SubscriptionIsCancelled(Refusal):
    """This subscription is cancelled; start another one."""


class InvoiceNotOpen(Refusal):
    """Invoice {number} is {status}, so it is no longer open."""


class InvoiceAmountDiffers(Refusal):
    """Invoice {number} is over {amount} {currency}."""


class InvoiceCurrencyDiffers(Refusal):
    """Invoice {number} is in {currency}."""


class InvoiceRefundDiffers(Refusal):
    """Refund {refund} was recorded before, with {amount}."""


class RefundExceedsInvoice(Refusal):
    """Only {left} of invoice {number} is left to be refunded."""


class AlreadySubscribed(AlreadyTaken):
    """A subscription runs already; another one may start once it is cancelled."""


class Subscription(
    Aggregate,
    topic="tenancy.subscription",
    unique=(
        Unique("current", stored_as="tenancy.subscription", field="id", refusal=AlreadySubscribed),
        Unique("invoices", stored_as="tenancy.invoice", field="number"),
        Unique("payments", stored_as="tenancy.payment", field="payment"),
    ),
):
    """What a tenant pays for. Events say how it stands after them, so that readers need no state."""

    class_version = 3
    oldest_snapshot = 3

    class Started(Event):
        tier: Tier
        status: Status
        period_start: PeriodStart
        period_end: PeriodEnd

    class TierChanged(Event):
        tier: Tier
        previous: Tier

    class Renewed(Event):
        period_start: PeriodStart
        period_end: PeriodEnd
        status: Status

    class InvoiceIssued(Event):
        number: Number
        amount: Amount
        currency: Currency
        due_at: DueAt

    class InvoiceOverdue(Event):
        number: Number
        status: Status

    class InvoicePaid(Event):
        number: Number
        payment: Payment = ""
        status: Status

    class InvoiceRefunded(Event):
        number: Number
        payment: Payment
        refund: Refund
        refund_amount: Amount
        refunded_amount: Annotated[
            Decimal,
            Confidential(),
            Describe("What of the invoice was refunded in all, in units of the currency."),
        ]
        currency: Currency

    class InvoiceVoided(Event):
        number: Number
        reason: Why = ""
        status: Status

    class Cancelled(Event):
        reason: Why = ""

    tier: str
    status: SubscriptionStatus
    period_end: datetime
    invoices: dict[str, KnownInvoice] = field(default_factory=dict)
    """By number, which a void one keeps."""
    changed = assigns(Started, TierChanged, Renewed)

    @property
    def current(self) -> str | None:
        """What a tenant has once: a subscription that runs."""
        return None if self.status is SubscriptionStatus.CANCELLED else "current"

    @property
    def payments(self) -> tuple[str, ...]:
        """The payments that have a reference: each has paid one invoice."""
        return tuple(invoice.payment for invoice in self.invoices.values() if invoice.payment)

    def has_paid(self, payment: str) -> bool:
        """Whether a payment has paid an invoice."""
        return any(same_reference(payment, each) for each in self.payments)

    @applies(InvoiceIssued)
    def _issued(self, event: InvoiceIssued) -> None:
        self.invoices[event.number] = KnownInvoice(amount=event.amount, currency=event.currency)

    @applies(InvoiceOverdue)
    def _overdue(self, event: InvoiceOverdue) -> None:
        self._turn(event.number, InvoiceStatus.OVERDUE)
        self.status = event.status

    @applies(InvoicePaid)
    def _paid(self, event: InvoicePaid) -> None:
        self._turn(event.number, InvoiceStatus.PAID, event.payment)
        self.status = event.status

    @applies(InvoiceRefunded)
    def _refunded(self, event: InvoiceRefunded) -> None:
        paid = self.invoices[event.number]
        self.invoices[event.number] = replace(
            paid,
            refunds={**paid.refunds, event.refund: event.refund_amount},
            refunded=event.refunded_amount,
        )

    @applies(InvoiceVoided)
    def _voided(self, event: InvoiceVoided) -> None:
        self._turn(event.number, InvoiceStatus.VOID)
        self.status = event.status

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = SubscriptionStatus.CANCELLED

    def require_running(self) -> None:
        """Raise SubscriptionIsCancelled once it was cancelled."""
        if self.status is SubscriptionStatus.CANCELLED:
            raise SubscriptionIsCancelled(field="id")

    def invoice(self, number: str) -> KnownInvoice:
        """An invoice. Raises NotFound."""
        if (found := self.invoices.get(number)) is None:
            raise NotFound(field="number", what="invoice")
        return found

    def open_invoice(self, number: str) -> KnownInvoice:
        """An invoice that is to be paid. Raises NotFound or InvoiceNotOpen for any other."""
        found = self.invoice(number)
        if not found.status.open:
            raise InvoiceNotOpen(field="number", number=number, status=found.status)
        return found

    def owes(self, *, but: str = "") -> bool:
        """Whether an invoice is overdue, another than this one."""
        return any(
            invoice.status is InvoiceStatus.OVERDUE and number != but
            for number, invoice in self.invoices.items()
        )

    def without(self, number: str) -> SubscriptionStatus:
        """How it stands once this invoice is settled."""
        settled = self.status is SubscriptionStatus.PAST_DUE and not self.owes(but=number)
        return SubscriptionStatus.ACTIVE if settled else self.status

    def _turn(self, number: str, status: InvoiceStatus, payment: str = "") -> None:
        self.invoices[number] = replace(self.invoices[number], status=status, payment=payment)
