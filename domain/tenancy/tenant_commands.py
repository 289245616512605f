"""Commands on tenants."""

from dataclasses import field

from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.refusals import Invalid
from domain.kit.slugs import require_free_word
from domain.tenancy.json_limits import Settings
from domain.tenancy.regions import Region
from domain.tenancy.settings import require_settings
from domain.tenancy.tenants import SLUG, AskedBy, Name, Placed, Placement, Reason, Slug, Slugs, Tenant


class CreateTenant(Command):
    """Make a company a tenant; only the tenant itself can be the caller's, so provisioning sends it."""

    name: Name
    slug: Slug
    region: Region
    placement: Placed = Placement.POOLED
    settings: Settings = field(default_factory=dict)

    def handle(self, by: Caller) -> Tenant:
        # Whoever holds the stream of a tenant is in it: otherwise forced row-level security would hide it.
        if self.id != by.tenant_id:
            raise Invalid(field="id", reason="must be the tenant's own")
        require_settings(self.settings)
        require_free_word(self.slug)
        tenant = Tenant.begin(
            self.id,
            Tenant.Created(
                name=self.name.strip(),
                slug=self.slug,
                region=self.region,
                placement=self.placement,
                settings=self.settings,
            ),
        )
        tenant.reserve(SLUG, self.slug, field="slug", everywhere=True)
        return tenant


class RenameTenant(Command):
    """Rename the tenant."""

    name: Name

    def handle(self, tenant: Tenant) -> None:
        tenant.rename(self.name)


class ChangeTenantSettings(Command):
    """Replace the tenant's settings. `searchLanguage` is the language in which texts are searched: da, de, en (the
    default), es, fr, it, nl, no, pt, sv, or und for none in particular."""

    settings: Settings

    def handle(self, tenant: Tenant) -> None:
        require_settings(self.settings)
        tenant.change_settings(self.settings)


class ChangeTenantSlug(Command):
    """Change the tenant's slug."""

    slug: Slug

    def handle(self, tenant: Tenant) -> None:
        tenant.change_slug(self.slug)


class FreeTenantSlugs(Command):
    """Let others take slugs that the tenant had before; sent once the registry of placements knows the new one."""

    slugs: Slugs

    def handle(self, tenant: Tenant) -> None:
        tenant.free_slugs(self.slugs)


class NoteTenantPlacement(Command):
    """Note where the tenant's data was moved to; sent by the move, before anybody is served there."""

    placement: Placed

    def handle(self, tenant: Tenant) -> None:
        tenant.note_placement(self.placement)


class SuspendTenant(Command):
    """Suspend a tenant: its people can read but not change anything until it is reactivated."""

    reason: Reason = ""
    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        tenant.suspend(self.reason, asked_by=self.asked_by)


class ReactivateTenant(Command):
    """Reactivate a suspended tenant."""

    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        tenant.reactivate(asked_by=self.asked_by)


class CloseTenant(Command):
    """Close a tenant permanently; afterwards only erasures and exports change anything in it."""

    reason: Reason = ""
    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        tenant.close(self.reason, asked_by=self.asked_by)
