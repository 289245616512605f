"""Commands on subscriptions: those of the tenant, and those that payment services send."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from domain.kit.fields import Describe
from domain.kit.model import Command, Invalid, in_utc
from domain.kit.money.money import Amount, Currency, Money, money
from domain.kit.refusals import AlreadyTaken, NotFound, ViolationCode
from domain.tenancy.subscriptions import (
    DueAt,
    InvoiceAmountDiffers,
    InvoiceCurrencyDiffers,
    InvoiceRefundDiffers,
    InvoiceStatus,
    Number,
    Payment,
    PeriodEnd,
    PeriodStart,
    Refund,
    RefundExceedsInvoice,
    Subscription,
    SubscriptionStatus,
    Tier,
    Why,
    same_reference,
)


def require_order(period_start: datetime, period_end: datetime) -> None:
    """Raise Invalid for a period that ends before it starts."""
    if period_end <= period_start:
        raise Invalid(field="period_end", reason="must be after the period's start")


def require_amount_of(amount: Decimal, currency: str) -> None:
    """Raise Invalid for an amount that is finer than its currency."""
    money(amount, currency, field="amount")


def require_paid_amount(amount: Decimal | None, currency: str | None) -> None:
    """Raise Invalid for an amount without a currency, and for one that is finer than it."""
    if amount is not None and currency is not None:
        money(amount, currency, field="amount")
    elif (amount is None) is not (currency is None):
        missing = "amount" if amount is None else "currency"
        raise Invalid(field=missing, reason="must be said with the other", why=ViolationCode.REQUIRED)


def require_moved(amount: Decimal, currency: str) -> None:
    """Raise Invalid for what is no amount that went back in this currency."""
    if not money(amount, currency, field="amount"):
        raise Invalid(field="amount", reason="must be more than 0", why=ViolationCode.TOO_SMALL, minimum=0)


class StartSubscription(Command, requires=(require_order,)):
    """Start a subscription; a tenant has one running subscription at a time."""

    tier: Tier
    period_start: PeriodStart
    period_end: PeriodEnd
    trial: Annotated[bool, Describe("Whether the first period is a trial.")] = False

    def handle(self) -> Subscription:
        status = SubscriptionStatus.TRIALING if self.trial else SubscriptionStatus.ACTIVE
        started = Subscription.Started(
            tier=self.tier.strip(),
            status=status,
            period_start=_utc(self.period_start),
            period_end=_utc(self.period_end),
        )
        return Subscription.begin(self.id, started)


class ChangeTier(Command):
    """Change the subscription's tier."""

    tier: Tier

    def handle(self, subscription: Subscription) -> None:
        subscription.require_running()
        if (tier := self.tier.strip()) != subscription.tier:
            subscription.record(Subscription.TierChanged(tier=tier, previous=subscription.tier))


class CancelSubscription(Command):
    """Cancel the subscription immediately."""

    reason: Why = ""

    def handle(self, subscription: Subscription) -> None:
        subscription.require_running()
        subscription.record(Subscription.Cancelled(reason=self.reason.strip()))


class RenewPeriod(Command):
    """Renew the subscription for another period, from the end of the current one."""

    period_end: PeriodEnd

    def handle(self, subscription: Subscription) -> None:
        subscription.require_running()
        if self.period_end <= subscription.period_end:
            raise Invalid(field="period_end", reason="must be after the end of this period")
        renewed = Subscription.Renewed(
            period_start=subscription.period_end,
            period_end=_utc(self.period_end),
            status=SubscriptionStatus.PAST_DUE if subscription.owes() else SubscriptionStatus.ACTIVE,
        )
        subscription.record(renewed)


def require_number(number: str) -> None:
    """Raise Invalid for a number that no payment can name."""
    if not number.strip().isprintable():
        reason = "must hold letters, digits, signs and plain blanks alone"
        raise Invalid(field="number", reason=reason, why=ViolationCode.FORMAT)


class IssueInvoice(Command, requires=(require_amount_of, require_number)):
    """Issue an invoice, under a number that none had before."""

    number: Number
    amount: Amount
    currency: Currency
    due_at: DueAt

    def handle(self, subscription: Subscription) -> None:
        subscription.require_running()
        number = self.number.strip()
        if number in subscription.invoices:
            raise AlreadyTaken(field="number")
        due = money(self.amount, self.currency, field="amount")
        issued = Subscription.InvoiceIssued(
            number=number,
            amount=due.amount,
            currency=due.currency,
            due_at=_utc(self.due_at),
        )
        subscription.record(issued)


class MarkInvoiceOverdue(Command):
    """Record that an invoice is overdue; the subscription becomes past due."""

    number: Number

    def handle(self, subscription: Subscription) -> None:
        number = self.number.strip()
        if subscription.open_invoice(number).status is not InvoiceStatus.OVERDUE:
            cancelled = subscription.status is SubscriptionStatus.CANCELLED
            status = subscription.status if cancelled else SubscriptionStatus.PAST_DUE
            subscription.record(Subscription.InvoiceOverdue(number=number, status=status))


class PayInvoice(Command, requires=(require_paid_amount,)):
    """Record that an invoice was paid; the same payment again changes nothing, and pays no other invoice. What was
    paid, where it is said, must be what the invoice is over."""

    number: Number
    payment: Payment = ""
    amount: Amount | None = None
    currency: Currency | None = None

    def handle(self, subscription: Subscription) -> None:
        number, payment = self.number.strip(), self.payment.strip()
        if payment and same_reference(subscription.invoice(number).payment, payment):
            return
        # Also one that comes after the end.
        due = subscription.open_invoice(number)
        if self.amount is not None and not due.is_over(self.amount, self.currency):
            raise InvoiceAmountDiffers(
                field="amount", number=number, amount=f"{due.amount:f}", currency=due.currency
            )
        if subscription.has_paid(payment):
            raise AlreadyTaken(field="payment")
        subscription.record(
            Subscription.InvoicePaid(number=number, payment=payment, status=subscription.without(number))
        )


class RecordInvoiceRefund(Command, requires=(require_moved,)):
    """Record that money of an invoice's payment was refunded, once, however often it is told, and not more than
    was paid; the invoice stays paid."""

    number: Number
    payment: Payment
    refund: Refund
    amount: Amount
    currency: Currency

    def handle(self, subscription: Subscription) -> None:
        number, payment, refund = self.number.strip(), self.payment.strip(), self.refund.strip()
        paid = subscription.invoice(number)
        if not payment or not same_reference(paid.payment, payment):
            raise NotFound(field="payment", what="payment")
        if paid.currency != self.currency:
            raise InvoiceCurrencyDiffers(field="currency", number=number, currency=paid.currency)
        moved = Money(self.amount, self.currency)
        known = next((paid.refunds[each] for each in paid.refunds if same_reference(each, refund)), None)
        if known == moved.amount:
            return
        if known is not None:
            raise InvoiceRefundDiffers(field="refund", refund=refund, amount=Money(known, paid.currency))
        refunds = (each for invoice in subscription.invoices.values() for each in invoice.refunds)
        if any(same_reference(each, refund) for each in refunds):
            raise AlreadyTaken(field="refund")
        left = Money(paid.amount, paid.currency) - Money(paid.refunded, paid.currency)
        if moved > left:
            raise RefundExceedsInvoice(field="amount", number=number, left=left)
        refunded = Subscription.InvoiceRefunded(
            number=number,
            payment=payment,
            refund=refund,
            refund_amount=moved.amount,
            refunded_amount=(Money(paid.refunded, self.currency) + moved).amount,
            currency=moved.currency,
        )
        subscription.record(refunded)


class VoidInvoice(Command):
    """Void an invoice."""

    number: Number
    reason: Why = ""

    def handle(self, subscription: Subscription) -> None:
        number = self.number.strip()
        subscription.open_invoice(number)
        voided = Subscription.InvoiceVoided(
            number=number, reason=self.reason.strip(), status=subscription.without(number)
        )
        subscription.record(voided)


def _utc(instant: datetime) -> datetime:
    return in_utc(instant) or instant
