"""What sources sent in the last hours, counted in Redis as it comes in, for dashboards."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from domain.gateway.events import OutsideEvent
from domain.gateway.letters import PAYMENT, DeadLetter
from domain.kit.fields import Describe
from projections.gateway.source_quality import SourceQualities
from projections.kit.context.read_side import ReadSide
from projections.kit.declare.folds import on
from projections.kit.model import RedisView, Row, replace
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.conditions import since
from projections.kit.read.keyset import Order
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.redis_reader import RedisRows

HOUR = timedelta(hours=1)
MOST_HOURS = 24
"""Hours of a source that are kept."""


class RecentHoursRow(Row):
    """The last hours in which events of a source were received, the last first, and what became of them."""

    source_id: Annotated[UUID, Describe("The source.")]
    hours: Annotated[tuple[datetime, ...], Describe("The first moments of the hours.")] = ()
    accepted: Annotated[tuple[int, ...], Describe("How many events were accepted in each of them.")] = ()
    rejected: Annotated[tuple[int, ...], Describe("How many were rejected and kept as dead letters.")] = ()


class RecentHours(
    RedisView[RecentHoursRow],
    name="gateway.recent_hours",
    version=1,
    key="source_id",
    pattern="stats:source:{source_id}:hourly",
    # A worker that is away for less than a quarter of it goes on where it was.
    ttl=timedelta(days=4),
):
    """The last hours of every source, a key each, however many events it sends."""

    @on(OutsideEvent.Accepted, by="source_id")
    def accepted(self, row: RecentHoursRow | None, event: OutsideEvent.Accepted, key: UUID) -> RecentHoursRow:
        return _counted(row or RecentHoursRow(source_id=key), event.timestamp, "accepted")

    # The event that told of a payment was accepted.
    @on(DeadLetter.Kept, by=lambda letter, _: None if letter.rule == PAYMENT else letter.source_id)
    def rejected(self, row: RecentHoursRow | None, event: DeadLetter.Kept, key: UUID) -> RecentHoursRow:
        return _counted(row or RecentHoursRow(source_id=key), event.timestamp, "rejected")


def _counted(row: RecentHoursRow, at: datetime, name: str) -> RecentHoursRow:
    hour = at.replace(minute=0, second=0, microsecond=0)
    place = 0 if row.hours[:1] == (hour,) else sum(known > hour for known in row.hours)
    if row.hours[place : place + 1] != (hour,):
        if place == MOST_HOURS:
            return row
        row = replace(
            row,
            hours=_with(row.hours, place, hour),
            accepted=_with(row.accepted, place, 0),
            rejected=_with(row.rejected, place, 0),
        )
    counts: tuple[int, ...] = getattr(row, name)
    more: dict[str, Any] = {name: (*counts[:place], counts[place] + 1, *counts[place + 1 :])}
    return replace(row, **more)


# Of moments or of numbers.
def _with(values: tuple[Any, ...], place: int, value: object) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place:])[:MOST_HOURS]


class SourceHourRow(Row):
    """What became of the events of a source that were received in an hour."""

    hour: Annotated[datetime, Describe("The hour: its first moment.")]
    accepted: Annotated[int, Describe("How many events were accepted.")] = 0
    rejected: Annotated[int, Describe("How many were rejected and kept as dead letters.")] = 0


class RecentHoursReader:
    """The last hours of sources: from Redis, or from Postgres while Redis cannot say."""

    def __init__(self, rows: PostgresRows, counts: RedisRows[RecentHoursRow]) -> None:
        self._rows, self._counts = rows, counts

    async def of(
        self, tenant_id: UUID, at_least: int, source_ids: Sequence[UUID]
    ) -> list[list[SourceHourRow]]:
        """The hours of each source in which it sent something, `MOST_HOURS` at most, the last first, as of
        ``at_least`` a position."""
        try:
            rows = await self._counts.get_many(tenant_id, [(id,) for id in source_ids], at_least=at_least)
            found = {row.source_id: _hours_of(row) for row in rows.values()}
        except Unavailable:
            found = await self._stored(tenant_id, source_ids)
        return [found.get(id, []) for id in source_ids]

    async def _stored(self, tenant_id: UUID, source_ids: Sequence[UUID]) -> dict[UUID, list[SourceHourRow]]:
        found = await self._rows.heads(
            SourceQualities,
            tenant_id,
            "source_id",
            set(source_ids),
            where=since("hour", datetime.now(UTC) - MOST_HOURS * HOUR),
            order=Order("hour", descending=True),
            limit=MOST_HOURS,
        )
        return {
            id: [SourceHourRow(hour=row.hour, accepted=row.accepted, rejected=row.rejected) for row in rows]
            for id, rows in found.items()
        }


def _hours_of(row: RecentHoursRow) -> list[SourceHourRow]:
    return [
        SourceHourRow(hour=hour, accepted=accepted, rejected=rejected)
        for hour, accepted, rejected in zip(row.hours, row.accepted, row.rejected, strict=True)
    ]


def recent_hours_reader(reading: ReadSide) -> RecentHoursReader:
    """The port, on the stores of one process."""
    return RecentHoursReader(reading.rows, reading.twin(RecentHours))
