"""What the tenant pays for: its subscription and the invoices."""

from decimal import Decimal

import strawberry

from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import After, derived, field
from api.kit.schema.node_types import Node, shows
from domain.tenancy import subscription_commands as domain
from domain.tenancy.subscriptions import InvoiceStatus
from projections.kit.read.conditions import Condition, one_of
from projections.kit.read.postgres_reader import Order
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


@strawberry.input(description="Which invoices to list: those that meet all that is given.")
class InvoiceFilter:
    """What the listed invoices must meet."""

    status: list[InvoiceStatus] | None = strawberry.field(default=None, description="Any of these.")

    def conditions(self) -> list[Condition]:
        return one_of("status", self.status)


TenantSubscriptionReceipt = receipt(TenantSubscription, Subscriptions, name="subscription")


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

    invoices = listed(
        Invoice,
        Invoices,
        filter=InvoiceFilter,
        orders={"ISSUED_AT": Order("issued_at")},
        description="The tenant's invoices, by pages.",
        needs="billing:read",
    )


@strawberry.type
class Mutation:
    start_subscription = sends(domain.StartSubscription, TenantSubscriptionReceipt, needs=PAYMENTS)
    change_tier = sends(domain.ChangeTier, TenantSubscriptionReceipt, needs=PAYMENTS)
    cancel_subscription = sends(domain.CancelSubscription, TenantSubscriptionReceipt, needs="billing:write")
    renew_period = sends(domain.RenewPeriod, TenantSubscriptionReceipt, needs=PAYMENTS)
    issue_invoice = sends(domain.IssueInvoice, TenantSubscriptionReceipt, needs=PAYMENTS)
    mark_invoice_overdue = sends(domain.MarkInvoiceOverdue, TenantSubscriptionReceipt, needs=PAYMENTS)
    pay_invoice = sends(domain.PayInvoice, TenantSubscriptionReceipt, needs=PAYMENTS)
    void_invoice = sends(domain.VoidInvoice, TenantSubscriptionReceipt, needs=PAYMENTS)
