"""Commands on tenants as operators know them."""

from domain.kit.commands import Command
from domain.operations.operators import AskedBy, Why
from domain.operations.tenants import (
    Kind,
    PlacementKind,
    Region,
    Server,
    Slug,
    Slugs,
    StepName,
    TenantName,
    TenantPlacement,
)


class RequestTenant(Command):
    """Create a tenant with everything that it needs."""

    name: TenantName
    slug: Slug
    region: Region
    placement: Kind = PlacementKind.POOLED
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
        return TenantPlacement.start(self.id, requested)


class AdoptTenant(Command):
    """Note a pooled tenant that was made without having been asked for here, as by signing up."""

    name: TenantName
    slug: Slug
    region: Region

    def handle(self) -> TenantPlacement:
        adopted = TenantPlacement.Adopted(name=self.name, slug=self.slug, region=self.region)
        return TenantPlacement.start(self.id, adopted)


class ConfirmTenant(Command):
    """Note that a tenant is ready."""

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.provisioned()


class AbandonTenant(Command):
    """Note that a tenant could not be made; its slug is free again."""

    step: StepName
    reason: Why

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.fail(self.step, self.reason)


class RetractTenant(Command):
    """Note that a tenant which was adopted has not been made after all; its slug is free again."""

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.retract()


class NoteTenantSlug(Command):
    """Note the slug that a tenant has given itself; others get the one before only after `FreeTenantSlugs`."""

    slug: Slug

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.change_slug(self.slug)


class FreeTenantSlugs(Command):
    """Let others take slugs that a tenant had before."""

    slugs: Slugs

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.free_slugs(self.slugs)


class MoveTenant(Command):
    """Move a tenant's data to a database of its own, or back to the shared one."""

    placement: Kind
    database_url: Server | None = None
    asked_by: AskedBy

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.move(self.placement, self.database_url, self.asked_by)


class ConfirmMove(Command):
    """Note that a tenant's data have been moved."""

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.moved()


class AbandonMove(Command):
    """Note that a tenant's data stay where they are."""

    step: StepName
    reason: Why

    def handle(self, tenant: TenantPlacement) -> None:
        tenant.stay(self.step, self.reason)
