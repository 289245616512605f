"""Commands on tenants."""

from dataclasses import field
from typing import Annotated

from domain.kit.fields import Requires
from domain.kit.model import Caller, Command, Invalid
from domain.kit.tenants import Placement, require_free_word
from domain.tenancy.regions import Region
from domain.tenancy.settings import Settings
from domain.tenancy.tenants import (
    AskedBy,
    Name,
    Placed,
    Reason,
    Slug,
    Slugs,
    Tenant,
    TenantNotSuspended,
    TenantStatus,
)


class CreateTenant(Command):
    """Make a company a tenant; only the tenant itself can be the caller's, so provisioning sends it."""

    name: Name
    slug: Annotated[Slug, Requires(require_free_word)]
    region: Region
    placement: Placed = Placement.POOLED
    settings: Settings = field(default_factory=dict)

    def handle(self, by: Caller) -> Tenant:
        # Whoever holds the stream of a tenant is in it: otherwise forced row-level security would hide it.
        if self.id != by.tenant_id:
            raise Invalid(field="id", reason="must be the tenant's own")
        created = Tenant.Created(
            name=self.name.strip(),
            slug=self.slug,
            region=self.region,
            placement=self.placement,
            settings=self.settings,
        )
        return Tenant.begin(self.id, created)


class RenameTenant(Command):
    """Rename the tenant."""

    name: Name

    def handle(self, tenant: Tenant) -> None:
        tenant.require_open()
        if (name := self.name.strip()) != tenant.name:
            tenant.record(Tenant.Renamed(name=name))


class ChangeTenantSettings(Command):
    """Replace the tenant's settings. `searchLanguage` is the language in which texts are searched: da, de, en (the
    default), es, fr, it, nl, no, pt, sv, or und for none in particular."""

    settings: Settings

    def handle(self, tenant: Tenant) -> None:
        tenant.require_open()
        if self.settings != tenant.settings:
            tenant.record(Tenant.SettingsChanged(settings=self.settings))


class ChangeTenantSlug(Command):
    """Change the tenant's slug."""

    slug: Slug

    def handle(self, tenant: Tenant) -> None:
        tenant.require_open()
        if self.slug == tenant.slug:
            return
        if self.slug not in tenant.former:
            require_free_word(self.slug, field="slug")
        tenant.record(Tenant.SlugChanged(slug=self.slug, previous=tenant.slug))


class FreeTenantSlugs(Command):
    """Let others take slugs that the tenant had before; sent once the registry of placements knows the new one."""

    slugs: Slugs

    def handle(self, tenant: Tenant) -> None:
        if freed := tuple(slug for slug in tenant.former if slug in self.slugs):
            tenant.record(Tenant.SlugsFreed(slugs=freed))


class NoteTenantPlacement(Command):
    """Note where the tenant's data was moved to; sent by the move, before anybody is served there."""

    placement: Placed

    def handle(self, tenant: Tenant) -> None:
        # Also of a closed one, whose data lies somewhere too.
        if self.placement is not tenant.placement:
            tenant.record(Tenant.Moved(placement=self.placement))


class SuspendTenant(Command):
    """Suspend a tenant: its people can read but not change anything until it is reactivated."""

    reason: Reason = ""
    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        tenant.require_open()
        if tenant.status is not TenantStatus.SUSPENDED:
            tenant.record(Tenant.Suspended(reason=self.reason.strip(), asked_by=self.asked_by))


class ReactivateTenant(Command):
    """Reactivate a suspended tenant."""

    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        tenant.require_open()
        if tenant.status is not TenantStatus.SUSPENDED:
            raise TenantNotSuspended(field="id")
        tenant.record(Tenant.Reactivated(asked_by=self.asked_by))


class CloseTenant(Command):
    """Close a tenant permanently; afterwards only erasures and exports change anything in it."""

    reason: Reason = ""
    asked_by: AskedBy = ""

    def handle(self, tenant: Tenant) -> None:
        if tenant.status is not TenantStatus.CLOSED:
            tenant.record(Tenant.Closed(reason=self.reason.strip(), asked_by=self.asked_by))
