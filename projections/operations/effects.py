"""What processes did and have to do, for operators: listed, tried again, or given up for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.operations.interventions import ReplayEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectStatus:
    """A row of the ledger. What it is about stays in the database, for it may be personal."""

    id: int
    process: str
    tenant_id: UUID
    instance: str
    kind: str
    name: str
    key: str
    status: str
    attempts: int
    error: str | None
    discard: str | None
    event_id: UUID
    position: int
    correlation_id: str
    made_at: datetime
    next_at: datetime
    finished_at: datetime | None


class Effects(Protocol):
    """The effects of all processes."""

    async def list(
        self,
        *,
        process: str | None = None,
        statuses: Sequence[str] | None = None,
        tenant_id: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[EffectStatus]:
        """The oldest first; of all processes, statuses and tenants where none is named."""
        ...

    async def retry(self, ids: Sequence[int] = (), *, process: str | None = None) -> Sequence[int]:
        """Have parked effects tried anew, with all their attempts; the ids of those that were parked.

        They keep their idempotency keys. Whoever runs the process takes them up within a second.
        """
        ...

    async def discard(self, ids: Sequence[int], *, reason: str) -> Sequence[int]:
        """Give parked effects up for good, for a reason that is kept; the ids of those that were parked.

        The instance goes on with what waits behind; `@when_discarded` hears of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """What folding events again has found in one view: rows looked at, rows that differ or did, and whether what
    differs was put right."""

    view: str
    rows: int
    differing: int
    written: bool


class Replays(Protocol):
    """Folds events again into the rows that they touch."""

    async def replay(self, wish: ReplayEvents) -> Sequence[Replayed]:
        """Compare the rows with the log and, unless it is a dry run, put them right. Raises Refused."""
        ...
