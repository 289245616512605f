"""Adoptions of tenants lapse, so that a registration which was broken off keeps no slug from anybody."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from domain.kit.process.effects import Call, Cancel, Effect, Fired, Schedule, Then
from domain.kit.process.process import Process, on, performs, when_due
from domain.operations.tenants import TenantPlacement

LASTS = timedelta(days=1)
"""How long a tenant waits in the registry to be created; until then its founder need only sign in."""

_TIMER = "lapse"


class Adoptions(Protocol):
    """The registry of tenants."""

    async def lapse(self, tenant_id: UUID) -> str:
        """Take a tenant that was never created out of the registry; what came of it. May be called again."""
        ...


@dataclass(frozen=True, slots=True)
class Adoption:
    """A tenant that is to be created."""


class TenantAdoptions(Process[Adoption], name="operations.tenant_adoptions", version=1):
    """Take a tenant out of the registry a day after it was adopted, unless it has been created by then."""

    class Lapse(Effect, attempts=15, timeout=60, pause=2):
        """Take a tenant that was never created out of the registry."""

        tenant_id: UUID

    def __init__(self, adoptions: Adoptions) -> None:
        self._adoptions = adoptions

    @on(TenantPlacement.Adopted)
    def adopted(self, state: Adoption | None, event: TenantPlacement.Adopted) -> Then[Adoption]:
        return Then(Adoption(), Schedule(_TIMER, event.timestamp + LASTS))

    @on(TenantPlacement.Failed)
    def failed(self, state: Adoption | None, event: TenantPlacement.Failed) -> Then[Adoption]:
        return Then(None, Cancel(_TIMER))

    @when_due(_TIMER)
    def due(self, state: Adoption, fired: Fired) -> Then[Adoption]:
        return Then(None, self.Lapse(tenant_id=UUID(fired.instance)))

    @performs(Lapse)
    async def lapse(self, effect: Lapse, call: Call[Adoption]) -> str:
        return await self._adoptions.lapse(effect.tenant_id)
