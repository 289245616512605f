"""Where tenants live: what reads and writes the tenant that somebody signs in to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.kit.bus.bus import Bus
from domain.kit.codec import Codec
from domain.kit.sealed import Opening
from projections.kit.read.postgres_reader import PostgresRows


class Home(Protocol):
    """One tenant's reading and writing side, such as `api.kit.schema.context.Services`."""

    @property
    def rows(self) -> PostgresRows:
        """Reads its views."""
        ...

    @property
    def bus(self) -> Bus:
        """Sends commands to it."""
        ...

    @property
    def codec(self) -> Codec:
        """Makes its fingerprints."""
        ...

    @property
    def opening(self) -> Opening:
        """Opens what is sealed in it."""
        ...


Reach = Callable[[UUID], Awaitable[Home]]
"""Finds the home of a tenant; raises while it is not ready."""


@dataclass
class Homes:
    """Homes of tenants: the platform's, until somebody says that there are others."""

    platform: Home
    reach: Reach | None = None
    look: Callable[[], Awaitable[None]] | None = None
    """Looks where tenants are, of which news may not have been heard."""

    async def of(self, tenant_id: UUID) -> Home:
        """The home of a tenant."""
        return self.platform if self.reach is None else await self.reach(tenant_id)

    async def again(self, tenant_id: UUID) -> Home:
        """The home of a tenant at whose home, as it was known, somebody was not found."""
        if self.look is not None:
            await self.look()
        return await self.of(tenant_id)
