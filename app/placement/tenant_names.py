"""Carries what a tenant calls itself from its own log to the platform's log and registry."""

from uuid import UUID

from app.placement import registry
from app.processes.address_proofs import LinkedDatabase
from app.storage.database import Pool
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyTaken, Refusal, require
from domain.operations import tenant_commands as placements
from domain.operations.tenants import PlacementState as Placed
from domain.operations.tenants import TenantPlacement
from domain.processes.tenant_names import Naming
from domain.tenancy.tenant_commands import ChangeTenantSlug, FreeTenantSlugs
from domain.tenancy.tenants import Tenant, TenantIsClosed

_STEPS = 30
"""Steps that one tenant takes at the most; four are enough when nobody changes it meanwhile."""


class RegistryNames(Naming):
    """Do what is next by how both sides stand, instead of what an event said, and look again after each step.

    Whatever was late, done twice, at the same time or killed, the last look finds them alike. A slug of before is
    given back last of all, first by the registry and then by the tenant, so that the tenant can go back to it.
    """

    def __init__(self, here: LinkedDatabase, platform: LinkedDatabase, pool: Pool) -> None:
        """``here`` is where the tenant is, ``pool`` leads to the platform's registry."""
        self._here, self._platform, self._pool = here, platform, pool

    async def carry(self, tenant_id: UUID) -> str:
        for _ in range(_STEPS):
            tenant = (await self._here.repository.get(tenant_id, [tenant_id], fresh=True)).get(tenant_id)
            if not isinstance(tenant, Tenant):
                return "no such tenant"
            if (done := await self._step(tenant)) is not None:
                return done
        raise RuntimeError("What the tenant is called is changed faster than it can be carried over.")

    async def _step(self, tenant: Tenant) -> str | None:
        """Do what is next; None when there may be more to do."""
        found = (await self._platform.repository.get(PLATFORM, [tenant.id], fresh=True)).get(tenant.id)
        placed = found if isinstance(found, TenantPlacement) and found.status is not Placed.FAILED else None
        row = None if placed is None else await registry.placement(self._pool, tenant.id)
        if placed is not None and placed.slug != tenant.slug:
            return await self._take(tenant, placed)
        if row is not None and (row.name, row.slug) != (tenant.name, tenant.slug):
            await registry.set_names(self._pool, tenant.id, tenant.name, tenant.slug)
        elif placed is not None and placed.former:
            require(await self._note(placements.FreeTenantSlugs(id=tenant.id, slugs=placed.former)))
        elif placed is not None and (
            late := tuple(id for id, slug in placed.reserved if slug in tenant.former)
        ):
            require(await self._note(placements.ReleaseTenantSlugs(id=tenant.id, reservations=late)))
        elif tenant.former:
            require(await self._tell(tenant, FreeTenantSlugs(id=tenant.id, slugs=tenant.former)))
        else:
            return f"called {tenant.slug}"
        return None

    async def _take(self, tenant: Tenant, placed: TenantPlacement) -> str | None:
        """Take the tenant's slug over all places, or have the tenant go back to the one that it has there."""
        outcome = await self._note(placements.NoteTenantSlug(id=tenant.id, slug=tenant.slug))
        if isinstance(outcome, AlreadyTaken):
            outcome = await self._tell(tenant, ChangeTenantSlug(id=tenant.id, slug=placed.slug))
            if isinstance(outcome, TenantIsClosed):
                return f"closed; called {placed.slug} in the registry"
        require(outcome)
        return None

    async def _note(self, command: Command) -> AppendReceipt | Refusal:
        return await self._platform.bus.send(
            command, by=Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service")
        )

    async def _tell(self, tenant: Tenant, command: Command) -> AppendReceipt | Refusal:
        # A service, for it may be suspended.
        return await self._here.bus.send(
            command, by=Caller(tenant_id=tenant.id, user_id=SYSTEM, kind="service")
        )
