"""Whether commands for a tenant are taken here and now: by its region (ID-T-06) and its status."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domain.kit.caller import SYSTEM, Caller
from domain.tenancy.regions import require_region
from domain.tenancy.tenants import TenantIsClosed, TenantIsSuspended, TenantStatus
from projections.kit.near import Near
from projections.kit.rows import Rows
from projections.tenancy.tenants import Tenants


@dataclass(frozen=True, slots=True)
class _Known:
    region: str | None
    status: TenantStatus | None


class TenantGuard:
    """Asked before each command. What it knows of a tenant it keeps for ``seconds``.

    A tenant that the registry does not hold, such as the platform's own, is not refused: what nobody has placed
    in a region may be in any. The table is kept in the append's transaction, so nothing is missed but by the
    cache.
    """

    def __init__(
        self, rows: Rows, *, here: str, seconds: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rows, self._here = rows, here
        self._near: Near[_Known] = Near(seconds=seconds, clock=clock)

    async def admit(self, by: Caller) -> None:
        """Raises WrongRegion, TenantIsSuspended or TenantIsClosed, when the command is not to be taken.

        Services and the system itself work on for a tenant that is suspended or closed: it can be reactivated,
        its data be exported and erased.
        """
        known = await self._known(by.tenant_id)
        if known.region is not None:
            require_region(known.region, here=self._here)
        if by.kind == "service" or by.user_id == SYSTEM:
            return
        if known.status is TenantStatus.SUSPENDED:
            raise TenantIsSuspended()
        if known.status is TenantStatus.CLOSED:
            raise TenantIsClosed()

    async def _known(self, tenant_id: UUID) -> _Known:
        known = self._near.get(tenant_id.hex)
        if known is None:
            row = (await self._rows.get(Tenants, tenant_id, [(tenant_id,)])).get((tenant_id,))
            known = _Known(row.region, row.status) if row else _Known(None, None)
            self._near.put(tenant_id.hex, known)
        return known
