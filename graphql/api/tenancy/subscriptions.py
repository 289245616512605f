"""What the tenant pays for: its subscription and the invoices."""

from decimal import Decimal

import strawberry

from api.kit.model import After, Info, Node, Resource, derived, field, shows
from domain.tenancy import subscription_commands as domain
from projections.kit.read.keyset import Order
from projections.tenancy.subscriptions import InvoiceRow, Invoices, SubscriptionRow, Subscriptions

PAYMENTS = "ops:payments"
"""What payment services need: nobody in a tenant says themselves what they have subscribed to or paid."""


# GraphQL keeps the name Subscription for itself.
@shows(SubscriptionRow, needs="billing:read")
class TenantSubscription(Node):
    """The tenant's subscription."""


@shows(InvoiceRow, needs="billing:read")
class Invoice:
    """An invoice of the tenant's subscription."""

    # Confidential in logs and histories, but there is no invoice to read without it.
    amount = derived(Decimal, lambda row: row.amount, "The amount, in units of the currency.")
    # Nothing has the decimal places of the amount.
    refunded_amount = derived(
        Decimal,
        lambda row: row.refunded_amount or 0 * row.amount,
        "What of it was refunded, in units of the currency.",
    )


_subscriptions = Resource(
    TenantSubscription, Subscriptions, read="billing:read", write=PAYMENTS, name="subscription"
)
_invoices = Resource(Invoice, Invoices, read="billing:read")


@strawberry.type
class Query:
    @field(
        "The tenant's running or else last subscription; null where none was started.",
        TenantSubscription | None,
        needs="billing:read",
    )
    async def subscription(self, info: Info, after_position: After = None) -> SubscriptionRow | None:
        ask = info.context
        await ask.caught_up(Subscriptions, after_position)
        newest = Order("started_at", descending=True)
        page = await ask.services.rows.page(Subscriptions, ask.caller.tenant_id, order=newest, limit=1)
        return page.rows[0] if page.rows else None

    invoices = _invoices.list("The tenant's invoices, by pages.")


@strawberry.type
class Mutation:
    start_subscription = _subscriptions.mutation(domain.StartSubscription)
    change_tier = _subscriptions.mutation(domain.ChangeTier)
    cancel_subscription = _subscriptions.mutation(domain.CancelSubscription, needs="billing:write")
    renew_period = _subscriptions.mutation(domain.RenewPeriod)
    issue_invoice = _subscriptions.mutation(domain.IssueInvoice)
    mark_invoice_overdue = _subscriptions.mutation(domain.MarkInvoiceOverdue)
    pay_invoice = _subscriptions.mutation(domain.PayInvoice)
    record_invoice_refund = _subscriptions.mutation(domain.RecordInvoiceRefund)
    void_invoice = _subscriptions.mutation(domain.VoidInvoice)
