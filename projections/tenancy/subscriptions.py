"""Subscriptions and invoices, kept in the append's own transaction (KRN-17)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Len
from domain.tenancy.subscriptions import InvoiceStatus, Subscription, SubscriptionStatus
from projections.kit.declare.folds import STREAM, TIME, carried
from projections.kit.model import Check, Index, PostgresView, Row

NOTHING = Decimal(0)


class SubscriptionRow(Row):
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

    started = carried(Subscription.Started, first=True, started_at=TIME)

    cancelled = carried(Subscription.Cancelled, status=SubscriptionStatus.CANCELLED, cancelled_at=TIME)


class InvoiceRow(Row):
    """An invoice of the tenant's subscription."""

    number: Annotated[str, Len(max_length=50), Describe("The invoice number, unique in the tenant.")]
    subscription_id: Annotated[UUID, Describe("The subscription it is for.")]
    amount: Annotated[Decimal, Confidential(), Describe("How much.")]
    currency: Annotated[str, Len(max_length=3), Describe("The currency, as a code of ISO 4217.")]
    status: Annotated[InvoiceStatus, Describe("Its status.")]
    issued_at: Annotated[datetime, Describe("When it was issued.")]
    due_at: Annotated[datetime, Describe("When it is due.")]
    settled_at: Annotated[datetime | None, Describe("When it was paid or voided.")] = None
    refunded_amount: Annotated[Decimal, Confidential(), Describe("What of it was refunded.")] = NOTHING


class Invoices(PostgresView[InvoiceRow], name="tenancy.invoices", version=2, key="number", inline=True):
    """The tenant's invoices. A number is used once in a tenant, which the log's reservation sees to."""

    checks = (Check("valid_invoice_status", "status in ('issued', 'overdue', 'paid', 'void')"),)
    indexes = (Index("idx_invoices_issued_at", ("issued_at", "number")),)

    issued = carried(
        Subscription.InvoiceIssued,
        by="number",
        first=True,
        subscription_id=STREAM,
        status=InvoiceStatus.ISSUED,
        issued_at=TIME,
    )

    overdue = carried(Subscription.InvoiceOverdue, by="number", status=InvoiceStatus.OVERDUE)

    paid = carried(Subscription.InvoicePaid, by="number", status=InvoiceStatus.PAID, settled_at=TIME)

    refunded = carried(Subscription.InvoiceRefunded, by="number")

    voided = carried(Subscription.InvoiceVoided, by="number", status=InvoiceStatus.VOID, settled_at=TIME)
