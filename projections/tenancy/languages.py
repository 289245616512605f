"""In which language a tenant searches: its setting, kept for a moment."""

import time
from collections.abc import Callable
from uuid import UUID

from domain.kit.languages import DEFAULT, SETTING
from projections.kit.read.memory_cache import MemoryCache
from projections.kit.read.postgres_reader import PostgresRows
from projections.tenancy.tenants import Tenants


class TenantLanguages:
    """Knows each tenant's language of search. What it knows it keeps for ``seconds``."""

    def __init__(
        self, rows: PostgresRows, *, seconds: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rows = rows
        self._near: MemoryCache[str] = MemoryCache(seconds=seconds, clock=clock)

    async def of(self, tenant_id: UUID) -> str:
        """The language, as `domain.kit.languages` names it."""
        known = self._near.get(tenant_id.hex)
        if known is None:
            row = (await self._rows.get(Tenants, tenant_id, [(tenant_id,)])).get((tenant_id,))
            known = str(row.settings.get(SETTING, DEFAULT)) if row else DEFAULT
            self._near.put(tenant_id.hex, known)
        return known
