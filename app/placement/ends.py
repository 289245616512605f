"""The two databases that a tenant is moved between, connected to as their owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from app.placement.places import Silo
from app.settings import Settings
from app.storage.database import SETTINGS, Connection, plain_url
from domain.kit.tenants import Placement


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a tenant was, and where it is or is going."""

    source: Connection
    target: Connection


@asynccontextmanager
async def both_ends(
    settings: Settings, silo: Silo, *, to: Placement, reach: bool = True
) -> AsyncIterator[Ends | None]:
    """The platform's database and the silo's; None when the silo has none, unless it has to be reached."""
    platform = await connected(settings)
    try:
        try:
            own = await connected(silo.settings(settings))
        except asyncpg.InvalidCatalogNameError:
            if reach:
                raise
            yield None
            return
        try:
            yield Ends(platform, own) if to is Placement.SILO else Ends(own, platform)
        finally:
            await own.close()
    finally:
        await platform.close()


async def connected(settings: Settings) -> Connection:
    """A connection as the owner."""
    return await asyncpg.connect(plain_url(settings.database_url), server_settings=SETTINGS, timeout=10)
