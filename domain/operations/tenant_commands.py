"""Commands on tenants as operators know them."""

from typing import Annotated

from domain.kit.fields import Requires
from domain.kit.model import Command
from domain.kit.tenants import Placement, require_free_word
from domain.operations.operators import AskedBy, Why
from domain.operations.tenants import (
    AlreadyPlacedThere,
    Kind,
    PlacementState,
    Region,
    Reservation,
    Reservations,
    Server,
    Slug,
    Slugs,
    StepName,
    TenantName,
    TenantNotPlaced,
    TenantPlacement,
)


class RequestTenant(Command):
    """Create a tenant with everything that it needs."""

    name: TenantName
    slug: Annotated[Slug, Requires(require_free_word)]
    region: Region
    placement: Kind = Placement.POOLED
    database_url: Server | None = None
    asked_by: AskedBy

    def handle(self) -> TenantPlacement:
        requested = TenantPlacement.Requested(
            name=self.name,
            slug=self.slug,
            region=self.region,
            placement=self.placement,
            database_url=self.database_url,
            asked_by=self.asked_by,
        )
        return TenantPlacement.begin(self.id, requested)


class AdoptTenant(Command):
    """Note a pooled tenant that was made without having been asked for here, as by signing up."""

    name: TenantName
    slug: Annotated[Slug, Requires(require_free_word)]
    region: Region

    def handle(self) -> TenantPlacement:
        adopted = TenantPlacement.Adopted(name=self.name, slug=self.slug, region=self.region)
        return TenantPlacement.begin(self.id, adopted)


class ConfirmTenant(Command):
    """Note that a tenant is ready."""

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.require(PlacementState.PROVISIONING)
        tenant.record(TenantPlacement.Provisioned())


class AbandonTenant(Command):
    """Note that a tenant could not be made; its slug is free again."""

    step: StepName
    reason: Why

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.require(PlacementState.PROVISIONING)
        tenant.record(TenantPlacement.Failed(step=self.step, reason=self.reason, slug=tenant.slug))


class RetractTenant(Command):
    """Note that a tenant which was adopted has not been made after all; its slug is free again."""

    reason: Why = "Its slug was taken."

    def handle(self, tenant: TenantPlacement) -> None:
        if tenant.status is PlacementState.FAILED:
            return
        tenant.require(PlacementState.READY)
        tenant.record(TenantPlacement.Failed(step="tenant", reason=self.reason, slug=tenant.slug))


class ReserveTenantSlug(Command):
    """Reserve a slug over all databases before the tenant takes it in its own; `ReleaseTenantSlugs` ends that.

    Each change reserves for itself, so that one which is refused gives nothing back that another needs.
    """

    slug: Slug
    reservation: Reservation

    def handle(self, tenant: TenantPlacement) -> None:
        if tenant.status is PlacementState.FAILED:
            raise TenantNotPlaced(field="id")
        if self.slug != tenant.slug:
            if self.slug not in tenant.former:
                require_free_word(self.slug, field="slug")
            tenant.record(TenantPlacement.SlugReserved(slug=self.slug, reservation=self.reservation))


class ReleaseTenantSlugs(Command):
    """End reservations: others may have their slugs, unless the tenant is called so by now."""

    reservations: Reservations

    def handle(self, tenant: TenantPlacement) -> None:
        if released := tuple(id for id, _ in tenant.reserved if id in self.reservations):
            tenant.record(TenantPlacement.SlugsReleased(reservations=released))


class NoteTenantSlug(Command):
    """Note the slug that a tenant has given itself; others get the one before only after `FreeTenantSlugs`."""

    slug: Slug

    def handle(self, tenant: TenantPlacement) -> None:
        if tenant.status is PlacementState.FAILED:
            raise TenantNotPlaced(field="id")
        if self.slug != tenant.slug:
            tenant.record(TenantPlacement.SlugChanged(slug=self.slug, previous=tenant.slug))


class FreeTenantSlugs(Command):
    """Let others take slugs that a tenant had before."""

    slugs: Slugs

    def handle(self, tenant: TenantPlacement) -> None:
        if freed := tuple(slug for slug in tenant.former if slug in self.slugs):
            tenant.record(TenantPlacement.SlugsFreed(slugs=freed))


class MoveTenant(Command):
    """Move a tenant's data to a database of its own, or back to the shared one."""

    placement: Kind
    database_url: Server | None = None
    asked_by: AskedBy

    def handle(self, tenant: TenantPlacement) -> None:
        if tenant.status is not PlacementState.READY:
            raise TenantNotPlaced(field="id")
        if self.placement is tenant.placement:
            raise AlreadyPlacedThere(field="placement", kind=self.placement.value)
        requested = TenantPlacement.MoveRequested(
            placement=self.placement, database_url=self.database_url, asked_by=self.asked_by
        )
        tenant.record(requested)


class ConfirmMove(Command):
    """Note that a tenant's data have been moved."""

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.require(PlacementState.MOVING)
        tenant.record(TenantPlacement.Moved(placement=tenant.target))


class AbandonMove(Command):
    """Note that a tenant's data stay where they are."""

    step: StepName
    reason: Why

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.require(PlacementState.MOVING)
        tenant.record(TenantPlacement.MoveFailed(step=self.step, reason=self.reason))
