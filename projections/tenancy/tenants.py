"""The tenant as it stands, kept in the append's own transaction (KRN-17)."""

from typing import Annotated, Any
from uuid import UUID

from domain.kit.fields import Describe, Len
from domain.kit.log import Envelope
from domain.kit.tenants import Placement
from domain.tenancy.subscriptions import Subscription
from domain.tenancy.tenants import Tenant, TenantStatus
from projections.kit.declare.folds import carried, on
from projections.kit.model import Check, CreatedAt, PostgresView, Row, UpdatedAt, replace


def _its_own(event: object, envelope: Envelope) -> UUID:
    """The tenant whose subscription it is."""
    return envelope.tenant_id


class TenantRow(Row):
    """A company that the product serves."""

    id: Annotated[UUID, Describe("The tenant's id.")]
    name: Annotated[str, Len(max_length=255), Describe("The company's name.")]
    slug: Annotated[str, Len(max_length=100), Describe("The tenant's slug, unique across tenants.")]
    settings: Annotated[dict[str, Any], Describe("The tenant's settings.")]
    region: Annotated[str, Len(max_length=50), Describe("The region where its data is kept.")]
    placement: Annotated[Placement, Describe("How its data is isolated from that of other tenants.")]
    status: Annotated[TenantStatus, Describe("The lifecycle status.")]
    subscription_tier: Annotated[
        str | None, Len(max_length=50), Describe("The tier of its subscription; null without a subscription.")
    ] = None
    created_at: Annotated[CreatedAt, Describe("When the tenant was created.")]
    updated_at: UpdatedAt


class Tenants(PostgresView[TenantRow], name="tenancy.tenants", version=3, inline=True):
    """Each tenant, in its own scope. That slugs are unique is the log's reservation, over all tenants."""

    checks = (Check("valid_tenant_status", "status in ('active', 'suspended', 'closed')"),)

    changed = carried(Tenant.Renamed, Tenant.SettingsChanged, Tenant.SlugChanged, Tenant.Moved)

    created = carried(Tenant.Created, first=True, status=TenantStatus.ACTIVE)

    suspended = carried(Tenant.Suspended, status=TenantStatus.SUSPENDED)

    reactivated = carried(Tenant.Reactivated, status=TenantStatus.ACTIVE)

    closed = carried(Tenant.Closed, status=TenantStatus.CLOSED)

    # A tenant that was not founded here, as the platform's own, has no row to show it in.
    @on(Subscription.Started, Subscription.TierChanged, by=_its_own)
    def subscribed(
        self, row: TenantRow | None, event: Subscription.Started | Subscription.TierChanged
    ) -> TenantRow | None:
        return row and replace(row, subscription_tier=event.tier, updated_at=event.timestamp)

    @on(Subscription.Cancelled, by=_its_own)
    def unsubscribed(self, row: TenantRow | None, event: Subscription.Cancelled) -> TenantRow | None:
        return row and replace(row, subscription_tier=None, updated_at=event.timestamp)
