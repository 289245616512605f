"""The tenant as it stands, kept in the append's own transaction (KRN-17)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.kit.fields import Describe, Len
from domain.kit.log import Envelope
from domain.tenancy.subscriptions import Subscription
from domain.tenancy.tenants import Placement, Tenant, TenantStatus
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Check, PostgresView
from projections.kit.declare.view import carried, on


def _its_own(event: object, envelope: Envelope) -> UUID:
    """The tenant whose subscription it is."""
    return envelope.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRow:
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
    created_at: Annotated[datetime, Describe("When the tenant was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed.")]


class Tenants(PostgresView[TenantRow], name="tenancy.tenants", version=3, inline=True):
    """Each tenant, in its own scope. That slugs are unique is the log's reservation, over all tenants."""

    checks = (Check("valid_tenant_status", "status in ('active', 'suspended', 'closed')"),)

    changed = carried(
        Tenant.Renamed, Tenant.SettingsChanged, Tenant.SlugChanged, Tenant.Moved, stamp="updated_at"
    )

    @on(Tenant.Created)
    def created(self, row: None, event: Tenant.Created) -> TenantRow:
        return TenantRow(
            id=event.originator_id,
            name=event.name,
            slug=event.slug,
            settings=event.settings,
            region=event.region,
            placement=event.placement,
            status=TenantStatus.ACTIVE,
            created_at=event.timestamp,
            updated_at=event.timestamp,
        )

    @on(Tenant.Suspended)
    def suspended(self, row: TenantRow, event: Tenant.Suspended) -> TenantRow:
        return replace(row, status=TenantStatus.SUSPENDED, updated_at=event.timestamp)

    @on(Tenant.Reactivated)
    def reactivated(self, row: TenantRow, event: Tenant.Reactivated) -> TenantRow:
        return replace(row, status=TenantStatus.ACTIVE, updated_at=event.timestamp)

    @on(Tenant.Closed)
    def closed(self, row: TenantRow, event: Tenant.Closed) -> TenantRow:
        return replace(row, status=TenantStatus.CLOSED, updated_at=event.timestamp)

    # A tenant that was not founded here, as the platform's own, has no row to show it in.
    @on(Subscription.Started, Subscription.TierChanged, by=_its_own)
    def subscribed(
        self, row: TenantRow | None, event: Subscription.Started | Subscription.TierChanged
    ) -> TenantRow | None:
        return row and replace(row, subscription_tier=event.tier, updated_at=event.timestamp)

    @on(Subscription.Cancelled, by=_its_own)
    def unsubscribed(self, row: TenantRow | None, event: Subscription.Cancelled) -> TenantRow | None:
        return row and replace(row, subscription_tier=None, updated_at=event.timestamp)
