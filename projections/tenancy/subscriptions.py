"""Subscriptions and invoices, kept in the append's own transaction (KRN-17)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Len
from domain.tenancy.subscriptions import InvoiceStatus, Subscription, SubscriptionStatus
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Check, Index, PostgresView
from projections.kit.declare.view import carried, on


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """The tenant's subscription."""

    id: Annotated[UUID, Describe("The subscription's id.")]
    tier: Annotated[str, Len(max_length=50), Describe("The subscribed tier, such as `team`.")]
    status: Annotated[SubscriptionStatus, Describe("Its status.")]
    period_start: Annotated[datetime, Describe("When the paid period began.")]
    period_end: Annotated[datetime, Describe("When the paid period ends.")]
    started_at: Annotated[datetime, Describe("When it was started.")]
    cancelled_at: Annotated[datetime | None, Describe("When it was cancelled; null while it runs.")] = None


class Subscriptions(PostgresView[SubscriptionRow], name="tenancy.subscriptions", version=1, inline=True):
    """The tenant's subscriptions: the one that runs, and those before it."""

    checks = (
        Check("valid_subscription_status", "status in ('trialing', 'active', 'past_due', 'cancelled')"),
    )
    indexes = (Index("idx_subscriptions_started_at", ("started_at", "id")),)

    changed = carried(
        Subscription.TierChanged,
        Subscription.Renewed,
        Subscription.InvoiceOverdue,
        Subscription.InvoicePaid,
        Subscription.InvoiceVoided,
    )

    @on(Subscription.Started)
    def started(self, row: None, event: Subscription.Started) -> SubscriptionRow:
        return SubscriptionRow(
            id=event.originator_id,
            tier=event.tier,
            status=event.status,
            period_start=event.period_start,
            period_end=event.period_end,
            started_at=event.timestamp,
        )

    @on(Subscription.Cancelled)
    def cancelled(self, row: SubscriptionRow, event: Subscription.Cancelled) -> SubscriptionRow:
        return replace(row, status=SubscriptionStatus.CANCELLED, cancelled_at=event.timestamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """An invoice of the tenant's subscription."""

    number: Annotated[str, Len(max_length=50), Describe("The invoice number, unique in the tenant.")]
    subscription_id: Annotated[UUID, Describe("The subscription it is for.")]
    amount: Annotated[Decimal, Confidential(), Describe("How much.")]
    currency: Annotated[str, Len(max_length=3), Describe("The currency, as a code of ISO 4217.")]
    status: Annotated[InvoiceStatus, Describe("Its status.")]
    issued_at: Annotated[datetime, Describe("When it was issued.")]
    due_at: Annotated[datetime, Describe("When it is due.")]
    settled_at: Annotated[datetime | None, Describe("When it was paid or voided.")] = None


class Invoices(PostgresView[InvoiceRow], name="tenancy.invoices", version=1, key="number", inline=True):
    """The tenant's invoices. A number is used once in a tenant, which the log's reservation sees to."""

    checks = (Check("valid_invoice_status", "status in ('issued', 'overdue', 'paid', 'void')"),)
    indexes = (Index("idx_invoices_issued_at", ("issued_at", "number")),)

    @on(Subscription.InvoiceIssued, by="number")
    def issued(self, row: None, event: Subscription.InvoiceIssued) -> InvoiceRow:
        return InvoiceRow(
            number=event.number,
            subscription_id=event.originator_id,
            amount=event.amount,
            currency=event.currency,
            status=InvoiceStatus.ISSUED,
            issued_at=event.timestamp,
            due_at=event.due_at,
        )

    @on(Subscription.InvoiceOverdue, by="number")
    def overdue(self, row: InvoiceRow, event: Subscription.InvoiceOverdue) -> InvoiceRow:
        return replace(row, status=InvoiceStatus.OVERDUE)

    @on(Subscription.InvoicePaid, by="number")
    def paid(self, row: InvoiceRow, event: Subscription.InvoicePaid) -> InvoiceRow:
        return replace(row, status=InvoiceStatus.PAID, settled_at=event.timestamp)

    @on(Subscription.InvoiceVoided, by="number")
    def voided(self, row: InvoiceRow, event: Subscription.InvoiceVoided) -> InvoiceRow:
        return replace(row, status=InvoiceStatus.VOID, settled_at=event.timestamp)
