"""What processes did and have to do, for operators: listed, tried again, or given up permanently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol
from uuid import UUID

from domain.kit.fields import Describe
from domain.operations.interventions import ReplayEvents
from projections.kit.read.conditions import Condition


class EffectStatus(StrEnum):
    """The status of an effect: `PARKED` has failed too often and waits for an operator; `FAILED` is final, and its
    process was informed; `WITHDRAWN` is no longer needed."""

    PENDING = "pending"
    """It waits for its turn."""
    RUNNING = "running"
    PARKED = "parked"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """A row of the ledger. What it is about stays in the database, for it may be personal."""

    id: Annotated[int, Describe("The effect's number, by which operators name it.")]
    process: Annotated[str, Describe("The process that requested it.")]
    tenant_id: Annotated[UUID, Describe("The tenant's id.")]
    instance: Annotated[str, Describe("The process instance.")]
    kind: str
    name: Annotated[str, Describe("The name of the effect.")]
    key: str
    status: Annotated[str, Describe("The effect's status.")]
    attempts: Annotated[int, Describe("The number of attempts.")]
    error: Annotated[str | None, Describe("Why it failed, if it did.")]
    discard: str | None
    event_id: Annotated[UUID, Describe("The id of the event that caused it.")]
    position: Annotated[int, Describe("That event's position.")]
    correlation_id: Annotated[str, Describe("The correlation id of that event.")]
    made_at: Annotated[datetime, Describe("When it was requested.")]
    next_at: datetime
    finished_at: Annotated[datetime | None, Describe("When it was done or discarded; null before.")]


OPEN = (EffectStatus.PENDING, EffectStatus.RUNNING, EffectStatus.PARKED)
"""The statuses of what is not finished."""


class Effects(Protocol):
    """The effects of all processes."""

    async def processes(self) -> Sequence[str]:
        """The names of all processes that ever ran."""
        ...

    async def list(
        self,
        *,
        process: str | None = None,
        statuses: Sequence[str] | None = None,
        tenant_id: UUID | None = None,
        where: Sequence[Condition] = (),
        limit: int = 100,
        after: int = 0,
    ) -> Sequence[EffectRow]:
        """Those that meet the conditions, the oldest first, after the one of this number; of all processes,
        statuses and tenants where none is named."""
        ...

    async def retry(self, ids: Sequence[int] = (), *, process: str | None = None) -> Sequence[int]:
        """Have parked effects tried again, with all their attempts; the ids of those that were parked.

        They keep their idempotency keys. Whoever runs the process takes them up within a second.
        """
        ...

    async def discard(self, ids: Sequence[int], *, reason: str) -> Sequence[int]:
        """Give parked effects up permanently, for a reason that is kept; the ids of those that were parked.

        The instance goes on with what waits behind; `@when_discarded` hears of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """What folding events again has found in one view: rows looked at, rows that differ or did, and whether what
    differs was put right."""

    view: Annotated[str, Describe("The view's name.")]
    rows: Annotated[int, Describe("The number of rows that the events touch.")]
    differing: Annotated[int, Describe("The number of rows that differ, or differed, from the log.")]
    written: Annotated[
        bool, Describe("Whether these were repaired; never in a dry run, nor in an inline view.")
    ]


class Replays(Protocol):
    """Folds events again into the rows that they touch."""

    async def replay(self, command: ReplayEvents) -> Sequence[Replayed]:
        """Compare the rows with the log and, unless it is a dry run, put them right. Raises Refused."""
        ...
