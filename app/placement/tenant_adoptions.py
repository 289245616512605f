"""The adapter that takes tenants out of the registry which were adopted and never created."""

from dataclasses import dataclass
from uuid import UUID

from app.composition.write_side import written
from app.placement import registry
from app.settings import Settings
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.refusals import require
from domain.operations.tenant_commands import RetractTenant


@dataclass(frozen=True, slots=True)
class RegistryAdoptions:
    """The registry in the platform's database, on connections that are opened when they are needed."""

    settings: Settings

    async def lapse(self, tenant_id: UUID) -> str:
        async with written(self.settings) as platform:
            row = await registry.placement(platform.database.writer, tenant_id)
            if row is not None and row.served_by is not None:
                return "created, and moved"
            if await platform.log.streams(tenant_id, [tenant_id]):
                return "created"
            await registry.remove(platform.database.writer, tenant_id)
            retract = RetractTenant(id=tenant_id, reason="It was never created.")
            by = Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service")
            require(await platform.bus.send(retract, by=by))
            return "never created"
