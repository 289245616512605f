"""What the tests of tenants begin with: ids, and first events that take only what a test cares about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.kit.scenario import SOMEONE
from domain.tenancy.flags import FeatureFlag
from domain.tenancy.subscriptions import Subscription, SubscriptionStatus
from domain.tenancy.tenants import Tenant

TENANT = SOMEONE.tenant_id
"""For whom `domain.kit.scenario` lets the commands be sent."""
FLAG = UUID("00000000-0000-7000-8000-0000000000f1")
SUBSCRIPTION = UUID("00000000-0000-7000-8000-0000000000f2")
JANUARY = datetime(2030, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2030, 2, 1, tzinfo=UTC)
MARCH = datetime(2030, 3, 1, tzinfo=UTC)


def tenant_created(
    *, name: str = "Acme", slug: str = "acme", region: str = "local", settings: dict[str, Any] | None = None
) -> Tenant.Created:
    return Tenant.Created(name=name, slug=slug, region=region, settings=settings or {})


def flag_added(
    *, name: str = "search.highlights", enabled: bool = True, config: dict[str, Any] | None = None
) -> FeatureFlag.Added:
    return FeatureFlag.Added(feature_name=name, enabled=enabled, config=config or {})


def started(*, status: SubscriptionStatus = SubscriptionStatus.ACTIVE) -> Subscription.Started:
    return Subscription.Started(tier="team", status=status, period_start=JANUARY, period_end=FEBRUARY)


def invoiced(number: str = "2030-1", *, amount: str = "19.90") -> Subscription.InvoiceIssued:
    return Subscription.InvoiceIssued(number=number, amount=Decimal(amount), currency="EUR", due_at=FEBRUARY)


def paid(
    number: str = "2030-1", *, status: SubscriptionStatus = SubscriptionStatus.ACTIVE
) -> Subscription.InvoicePaid:
    return Subscription.InvoicePaid(number=number, status=status)


def overdue(
    number: str = "2030-1", *, status: SubscriptionStatus = SubscriptionStatus.PAST_DUE
) -> Subscription.InvoiceOverdue:
    return Subscription.InvoiceOverdue(number=number, status=status)
