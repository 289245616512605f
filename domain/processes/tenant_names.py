"""Names of tenants: what a tenant calls itself, the platform's registry calls it too."""

from typing import Protocol
from uuid import UUID

from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, Stateless, on, performs
from domain.tenancy.tenants import Tenant


class Naming(Protocol):
    """Carry a tenant's name and slug over to the registry, which says who has a slug over all places."""

    async def carry(self, tenant_id: UUID) -> str:
        """Have the registry call the tenant as it calls itself now; what came of it.

        A slug that is another's there is given back: the tenant is called as before. May be called again.
        """
        ...


class TenantNames(Process[Stateless], name="tenancy.names", version=1):
    """Ask once more whenever a tenant has changed what it is called."""

    class Carry(Effect, attempts=15, timeout=60, pause=2):
        """Carry a tenant's name and slug over to the registry."""

        tenant_id: UUID

    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    @on(Tenant.SlugChanged, Tenant.Renamed)
    def changed(self, state: Stateless | None, event: Tenant.SlugChanged | Tenant.Renamed) -> Then[Stateless]:
        return Then(None, self.Carry(tenant_id=event.originator_id))

    @performs(Carry)
    async def carry(self, effect: Carry, call: Call[Stateless]) -> str:
        return await self._naming.carry(effect.tenant_id)
