"""Scarce things, of which nobody takes so many that others have none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID


class Shares:
    """How many of some scarce things each tenant may hold at a time, so that none starves the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[UUID, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def of(self, tenant_id: UUID) -> AsyncIterator[None]:
        """One of the tenant's share, as soon as it has one left; those who wait are served in turn."""
        room, users = self._held.get(tenant_id) or (asyncio.Semaphore(self._most), 0)
        self._held[tenant_id] = room, users + 1
        try:
            async with room:
                yield
        finally:
            room, users = self._held[tenant_id]
            if users > 1:
                self._held[tenant_id] = room, users - 1
            else:
                del self._held[tenant_id]
