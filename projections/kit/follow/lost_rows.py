"""The tenants of whom a lane's store has lost rows: they are left out until their rows are rebuilt."""

import logging
from typing import Any
from uuid import UUID

from domain.kit.log import Envelope
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane, Ledger
from projections.kit.store.store import Lossy, RowsLost, Store

_logger = logging.getLogger(__name__)


class LostRows:
    """What one holder of a lane knows to be lost. Rows differ in type, hence Any."""

    def __init__(self, view: View[Any], store: Store[Any], lane: Lane, ledger: Ledger) -> None:
        self._view, self._store, self._lane, self._ledger = view, store, lane, ledger
        self._tenants: frozenset[UUID] = frozenset()

    def takes(self, envelope: Envelope) -> bool:
        """Whether the event is to be folded."""
        return envelope.tenant_id not in self._tenants

    async def look(self) -> RowsLost | None:
        """Ask for what the store says is lost; answer it when all must be refilled for its sake."""
        if not isinstance(self._store, Lossy) or not (tenants := await self._store.lost()):
            return None
        lost = RowsLost(self._view.name, tenants, {})
        return None if await self.covers(lost) else lost

    async def covers(self, lost: Exception) -> bool:
        """Whether it is enough to leave out some tenants and ask for their rows, which it does.

        Only whoever puts the new rows in place says that they are there again, and has the lane by then.
        """
        if not isinstance(lost, RowsLost):
            return False
        if lost.tenants - self._tenants:
            _logger.warning("%s: they are rebuilt.", lost)
        self._tenants |= lost.tenants
        return await self._ledger.lost(self._lane, self._view, self._tenants)
