"""Commands on subscriptions: those of the tenant, and those that payment services send."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from domain.kit.fields import Describe
from domain.kit.model import Command, Invalid, in_utc
from domain.kit.money.money import Amount, Currency, money
from domain.tenancy.subscriptions import (
    DueAt,
    InvoiceStatus,
    Number,
    Payment,
    PeriodEnd,
    PeriodStart,
    Subscription,
    SubscriptionStatus,
    Tier,
    Why,
)


def require_order(period_start: datetime, period_end: datetime) -> None:
    """Raise Invalid for a period that ends before it starts."""
    if period_end <= period_start:
        raise Invalid(field="period_end", reason="must be after the period's start")


def require_amount_of(amount: Decimal, currency: str) -> None:
    """Raise Invalid for an amount that is finer than its currency."""
    money(amount, currency, field="amount")


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


class IssueInvoice(Command, requires=(require_amount_of,)):
    """Issue an invoice."""

    number: Number
    amount: Amount
    currency: Currency
    due_at: DueAt

    def handle(self, subscription: Subscription) -> None:
        subscription.require_running()
        due = money(self.amount, self.currency, field="amount")
        issued = Subscription.InvoiceIssued(
            number=self.number.strip(),
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
        if subscription.open_invoice(number) is not InvoiceStatus.OVERDUE:
            cancelled = subscription.status is SubscriptionStatus.CANCELLED
            status = subscription.status if cancelled else SubscriptionStatus.PAST_DUE
            subscription.record(Subscription.InvoiceOverdue(number=number, status=status))


class PayInvoice(Command):
    """Record that an invoice was paid."""

    number: Number
    payment: Payment = ""

    def handle(self, subscription: Subscription) -> None:
        number = self.number.strip()
        # Also one that comes after the end.
        subscription.open_invoice(number)
        paid = Subscription.InvoicePaid(
            number=number, payment=self.payment.strip(), status=subscription.without(number)
        )
        subscription.record(paid)


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
