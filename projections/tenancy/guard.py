"""Whether commands for a tenant are taken here and now: by its region (ID-T-06) and its status."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domain.kit.caller import SYSTEM, Caller
from domain.kit.refusals import Refusal
from domain.tenancy.regions import require_region
from domain.tenancy.tenants import TenantIsClosed, TenantIsSuspended, TenantStatus
from projections.kit.context.context import CommandGuard
from projections.kit.read.memory_cache import MemoryCache
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.shared_reads import SharedReads
from projections.tenancy.tenants import Tenants


@dataclass(frozen=True, slots=True)
class _Known:
    region: str | None
    status: TenantStatus | None


class TenantGuard(CommandGuard):
    """Asked before each command. Caches for ``seconds`` that a tenant is admitted; a refusal is read each time.

    A tenant that the registry does not hold, such as the platform's own, is not refused: what nobody has placed
    in a region may be in any. The table is kept in the append's transaction, so nothing is missed but by the
    cache: a process other than the one that suspended a tenant admits it for ``seconds`` more at most.
    """

    def __init__(
        self,
        rows: PostgresRows,
        *,
        here: str,
        seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows, self._here = rows, here
        self._changes = 0
        """How often it was told to forget."""
        self._near: MemoryCache[_Known] = MemoryCache(seconds=seconds, clock=clock)
        self._reads = SharedReads(self._read)

    async def admit(self, by: Caller) -> None:
        """Raise WrongRegion, TenantIsSuspended or TenantIsClosed, when the command is not to be taken.

        Services and the system itself work on for a tenant that is suspended or closed: it can be reactivated,
        its data be exported and erased.
        """
        known = self._near.get(by.tenant_id.hex)
        if known is not None:
            try:
                self._judge(by, known)
            except Refusal:
                # What is remembered may be behind; a refusal must be right.
                known = None
        if known is None:
            self._judge(by, await self._reads.get(by.tenant_id))

    def forget(self, tenant_id: UUID) -> None:
        """Have the tenant's next command judged by what is stored from now on."""
        self._changes += 1
        self._near.forget(tenant_id.hex)

    def _judge(self, by: Caller, known: _Known) -> None:
        if known.region is not None:
            require_region(known.region, here=self._here)
        if by.kind == "service" or by.user_id == SYSTEM:
            return
        if known.status is TenantStatus.SUSPENDED:
            raise TenantIsSuspended()
        if known.status is TenantStatus.CLOSED:
            raise TenantIsClosed()

    async def _read(self, tenant_id: UUID) -> _Known:
        changes = self._changes
        row = (await self._rows.get(Tenants, tenant_id, [(tenant_id,)])).get((tenant_id,))
        known = _Known(row.region, row.status) if row else _Known(None, None)
        # What was read while a tenant changed may be what it was before.
        if changes == self._changes:
            self._near.put(tenant_id.hex, known)
        return known
