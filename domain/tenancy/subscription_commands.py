"""Commands on subscriptions: those of the tenant, and those that payment services send."""

from datetime import datetime
from typing import Annotated

from domain.kit.clock import in_utc
from domain.kit.commands import Command
from domain.kit.fields import Describe
from domain.kit.refusals import Invalid
from domain.tenancy.money import Amount, Currency
from domain.tenancy.subscriptions import (
    CURRENT,
    DueAt,
    Number,
    Payment,
    PeriodEnd,
    PeriodStart,
    Subscription,
    SubscriptionStatus,
    Tier,
    Why,
)


class StartSubscription(Command):
    """Start a subscription; a tenant has one running subscription at a time."""

    tier: Tier
    period_start: PeriodStart
    period_end: PeriodEnd
    trial: Annotated[bool, Describe("Whether the first period is a trial.")] = False

    def handle(self) -> Subscription:
        start, end = _utc(self.period_start), _utc(self.period_end)
        if end <= start:
            raise Invalid(field="period_end", reason="must be after the period's start")
        status = SubscriptionStatus.TRIALING if self.trial else SubscriptionStatus.ACTIVE
        subscription = Subscription.begin(
            self.id,
            Subscription.Started(tier=self.tier.strip(), status=status, period_start=start, period_end=end),
        )
        subscription.reserve(CURRENT, "current", field="id")
        return subscription


class ChangeTier(Command):
    """Change the subscription's tier."""

    tier: Tier

    def handle(self, subscription: Subscription) -> None:
        subscription.change_tier(self.tier)


class CancelSubscription(Command):
    """Cancel the subscription immediately."""

    reason: Why = ""

    def handle(self, subscription: Subscription) -> None:
        subscription.cancel(self.reason)


class RenewPeriod(Command):
    """Renew the subscription for another period, from the end of the current one."""

    period_end: PeriodEnd

    def handle(self, subscription: Subscription) -> None:
        subscription.renew(self.period_end)


class IssueInvoice(Command):
    """Issue an invoice."""

    number: Number
    amount: Amount
    currency: Currency
    due_at: DueAt

    def handle(self, subscription: Subscription) -> None:
        subscription.issue(
            Subscription.InvoiceIssued(
                number=self.number.strip(),
                amount=self.amount,
                currency=self.currency,
                due_at=_utc(self.due_at),
            )
        )


class MarkInvoiceOverdue(Command):
    """Record that an invoice is overdue; the subscription becomes past due."""

    number: Number

    def handle(self, subscription: Subscription) -> None:
        subscription.overdue(self.number.strip())


class PayInvoice(Command):
    """Record that an invoice was paid."""

    number: Number
    payment: Payment = ""

    def handle(self, subscription: Subscription) -> None:
        subscription.pay(self.number.strip(), self.payment)


class VoidInvoice(Command):
    """Void an invoice."""

    number: Number
    reason: Why = ""

    def handle(self, subscription: Subscription) -> None:
        subscription.void(self.number.strip(), self.reason)


def _utc(instant: datetime) -> datetime:
    return in_utc(instant) or instant
