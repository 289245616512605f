"""The writing side of the database that serves a tenant, for programs of the platform that seldom need it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.composition.write_side import WriteSide, written
from app.placement.places import PlacementRecord
from app.settings import Settings
from domain.operations.tenants import TenantNotPlaced


@asynccontextmanager
async def silo_of(found: PlacementRecord | None, settings: Settings) -> AsyncIterator[WriteSide | None]:
    """That of the tenant's silo, opened for the block; None where the platform serves it.

    Raises TenantNotPlaced while the tenant is being made.
    """
    if found is not None and found.state in ("provisioning", "failed"):
        raise TenantNotPlaced(field="id")
    if found is None or found.served_by is None:
        yield None
        return
    async with written(found.served_by.settings(settings)) as silo:
        yield silo
