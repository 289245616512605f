"""Subscriptions: what a tenant pays for, until when, and the invoices for it (ID-T-27)."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.clock import in_utc
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Internal, Len, Public
from domain.kit.refusals import Invalid, NotFound, Refusal
from domain.kit.text import ONE_LINE
from domain.tenancy.money import Amount, Currency, require_amount

CURRENT = "tenancy.subscription"
"""Under this name a tenant's running subscription reserves its place; a tenant has one at a time."""
NUMBER = "tenancy.invoice"
"""Under this name invoices reserve their numbers, inside each tenant."""

Tier = Annotated[str, Len(1, 50), ONE_LINE, Public(), Describe("The subscribed tier, such as `team`.")]
PeriodStart = Annotated[datetime, Internal(), Describe("When the paid period began.")]
PeriodEnd = Annotated[datetime, Internal(), Describe("When the paid period ends.")]
Number = Annotated[
    str, Len(1, 50), ONE_LINE, Internal(), Describe("The invoice number, unique in the tenant.")
]
DueAt = Annotated[datetime, Internal(), Describe("When it is due.")]
Payment = Annotated[
    str, Len(0, 100), ONE_LINE, Confidential(), Describe("The payment's reference at the payment provider.")
]
Why = Annotated[str, Len(0, 500), ONE_LINE, Internal(), Describe("The reason, in one line.")]


class SubscriptionStatus(StrEnum):
    """The status of a subscription."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"


class InvoiceStatus(StrEnum):
    """The status of an invoice."""

    ISSUED = "issued"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"

    @property
    def open(self) -> bool:
        """Whether it is still to be paid."""
        return self in (InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE)


Status = Annotated[SubscriptionStatus, Public(), Describe("How the subscription stands after it.")]


class SubscriptionIsCancelled(Refusal):
    """This subscription is cancelled; start another one."""


class InvoiceNotOpen(Refusal):
    """Invoice {number} is {status}, so it is not to be paid any more."""


class Subscription(Aggregate, topic="tenancy.subscription"):
    """What a tenant pays for. Events say how it stands after them, so that readers need no state."""

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

    class InvoiceVoided(Event):
        number: Number
        reason: Why = ""
        status: Status

    class Cancelled(Event):
        reason: Why = ""

    tier: str
    status: SubscriptionStatus
    period_end: datetime
    invoices: dict[str, InvoiceStatus] = field(default_factory=dict)

    @applies(Started)
    def _started(self, event: Started) -> None:
        self.tier, self.status, self.period_end = event.tier, event.status, event.period_end

    def change_tier(self, tier: str) -> None:
        """Goes on with another tier."""
        self._require_running()
        if (tier := tier.strip()) != self.tier:
            self.record(self.TierChanged(tier=tier, previous=self.tier))

    @applies(TierChanged)
    def _tier_changed(self, event: TierChanged) -> None:
        self.tier = event.tier

    def renew(self, period_end: datetime) -> None:
        """Goes on for another period, from the end of this one; a trial ends with it."""
        self._require_running()
        if period_end <= self.period_end:
            raise Invalid(field="period_end", reason="must be after the end of this period")
        status = SubscriptionStatus.PAST_DUE if self._owes() else SubscriptionStatus.ACTIVE
        self.record(
            self.Renewed(
                period_start=self.period_end, period_end=in_utc(period_end) or period_end, status=status
            )
        )

    @applies(Renewed)
    def _renewed(self, event: Renewed) -> None:
        self.period_end, self.status = event.period_end, event.status

    def issue(self, event: InvoiceIssued) -> None:
        """Adds an invoice, to be paid. Raises Invalid for an amount that is none."""
        self._require_running()
        require_amount(event.amount, field="amount")
        self.reserve(NUMBER, event.number, field="number")
        self.record(event)

    @applies(InvoiceIssued)
    def _issued(self, event: InvoiceIssued) -> None:
        self.invoices[event.number] = InvoiceStatus.ISSUED

    def overdue(self, number: str) -> None:
        """Notes that an invoice was not paid in time."""
        if self._open(number) is not InvoiceStatus.OVERDUE:
            ended = self.status is SubscriptionStatus.CANCELLED
            status = self.status if ended else SubscriptionStatus.PAST_DUE
            self.record(self.InvoiceOverdue(number=number, status=status))

    @applies(InvoiceOverdue)
    def _overdue(self, event: InvoiceOverdue) -> None:
        self.invoices[event.number], self.status = InvoiceStatus.OVERDUE, event.status

    def pay(self, number: str, payment: str) -> None:
        """Notes a payment, also one that comes after the end; a subscription past due goes on with the last."""
        self._open(number)
        self.record(self.InvoicePaid(number=number, payment=payment.strip(), status=self._without(number)))

    @applies(InvoicePaid)
    def _paid(self, event: InvoicePaid) -> None:
        self.invoices[event.number], self.status = InvoiceStatus.PAID, event.status

    def void(self, number: str, reason: str) -> None:
        """Takes an invoice back; its number stays used."""
        self._open(number)
        self.record(self.InvoiceVoided(number=number, reason=reason.strip(), status=self._without(number)))

    @applies(InvoiceVoided)
    def _voided(self, event: InvoiceVoided) -> None:
        self.invoices[event.number], self.status = InvoiceStatus.VOID, event.status

    def cancel(self, reason: str) -> None:
        """Ends it at once; what is open stays to be paid, and another subscription may be started."""
        self._require_running()
        self.release(CURRENT, "current")
        self.record(self.Cancelled(reason=reason.strip()))

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = SubscriptionStatus.CANCELLED

    def _require_running(self) -> None:
        if self.status is SubscriptionStatus.CANCELLED:
            raise SubscriptionIsCancelled(field="id")

    def _open(self, number: str) -> InvoiceStatus:
        status = self.invoices.get(number)
        if status is None:
            raise NotFound(field="number", what="invoice")
        if not status.open:
            raise InvoiceNotOpen(field="number", number=number, status=status)
        return status

    def _owes(self, *, but: str = "") -> bool:
        return any(one is InvoiceStatus.OVERDUE and number != but for number, one in self.invoices.items())

    def _without(self, number: str) -> SubscriptionStatus:
        """How it stands once this invoice is settled."""
        settled = self.status is SubscriptionStatus.PAST_DUE and not self._owes(but=number)
        return SubscriptionStatus.ACTIVE if settled else self.status
