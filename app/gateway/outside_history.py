"""What outside systems sent, read from the log and its views, for what looks for patterns and anomalies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.storage.database import Database
from domain.gateway.detection.matching import EarlierMatch, Occurred
from domain.gateway.detection.patterns import RelatedBy
from domain.gateway.detection.ports import (
    Awaiting,
    GroupEvents,
    GroupSpan,
    LogPlace,
    OutsideHistory,
    Received,
    ReceivedPage,
)
from domain.gateway.envelope import MAX_SKEW
from domain.gateway.events import OutsideEvent
from domain.kit.ids import in_one_spelling
from domain.kit.log import Envelope, Log, Selection
from projections.gateway.analytics import HourlyEvents, HourlyMeasures
from projections.gateway.detection import PatternMatches
from projections.gateway.events import OutsideEvents
from projections.kit.model import PostgresView
from projections.kit.read.live_generations import LiveGenerations
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

_MOST = 5_000
"""Events of a group that are read."""
_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_SKEW = f"interval '{MAX_SKEW.total_seconds()} seconds'"
"""No event is received longer than that before it happened, so no earlier partition of the view is read."""
_VIEWS: Mapping[str, type[PostgresView[Any]]] = {
    "events": OutsideEvents,
    "matches": PatternMatches,
    "hours": HourlyEvents,
    "measures": HourlyMeasures,
}
_SPANS = "unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) as span(related, since, until)"
_GROUPS = f"""
select span.related, found.id, found.event_type as type, found.occurred_at as at
  from {_SPANS}
 cross join lateral (
   select e.id, e.event_type, e.occurred_at from {{{{events}}}} e
    where e.tenant_id = $1 and e.{{by}} = span.related and e.event_type = any($5)
      and e.occurred_at between span.since and span.until and e.received_at >= span.since - {_SKEW}
    order by e.occurred_at desc, e.id desc limit {_MOST + 1}) found
"""
_TOLD = f"""
select m.related, m.event_ids, m.ended_at
  from {_SPANS}
  join {{matches}} m on m.tenant_id = $1 and m.pattern_id = $5 and m.related = span.related
                    and m.ended_at between span.since and span.until
"""
_HAPPENED = f"""
select e.{{by}} as related, e.id, e.event_type as type, e.occurred_at as at
  from {{{{events}}}} e
 where e.tenant_id = $1 and e.event_type = $2 and e.{{by}} is not null
   and e.occurred_at >= $3 and e.occurred_at < $4 and e.received_at >= $3 - {_SKEW} and e.position > $5
   and ($6::timestamptz is null or (e.occurred_at, e.id) > ($6, $7::uuid))
 order by e.occurred_at, e.id limit $8
"""
_FOLLOWED = f"""
select first.id
  from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[]) as first(id, related, at, type)
 where exists (
   select from {{{{events}}}} e
    where e.tenant_id = $1 and e.{{by}} = first.related and e.event_type = $6
      and e.occurred_at between first.at and first.at + make_interval(secs => $7)
      and e.received_at >= first.at - {_SKEW}
      and e.id <> first.id and (e.event_type <> first.type or (e.occurred_at, e.id) > (first.at, first.id)))
"""
_HOURLY = """
select hour, sum(events)::int8 as events from {hours}
 where tenant_id = $1 and event_type = $2 and ($3::uuid is null or source_id = $3) and hour = any($4)
 group by hour
"""
_MEASURED = """
select hour, sum(events)::int8 as events, sum(total) as total from {measures}
 where tenant_id = $1 and event_type = $2 and ($3::uuid is null or source_id = $3) and measure = $4
   and hour = any($5)
 group by hour
"""
_FIRST_MEASURED = """
select hour as at from {measures}
 where tenant_id = $1 and event_type = $2 and ($3::uuid is null or source_id = $3) and measure = $4
 order by hour limit 1
"""
_FIRST = """
select hour as at from {hours}
 where tenant_id = $1 and event_type = $2 and ($3::uuid is null or source_id = $3)
 order by hour limit 1
"""


class HistoryBehind(Exception):
    """The view of events has not folded what was received."""


@dataclass(frozen=True, slots=True)
class _Accepted:
    """What of an event tells where it belongs."""

    event_type: str
    occurred_at: datetime
    user_id: str | None
    session_id: str | None
    order_id: str | None


@dataclass(frozen=True, slots=True)
class _Related:
    related: str
    id: UUID
    type: str
    at: datetime

    @property
    def event(self) -> Occurred:
        return Occurred(id=self.id, type=self.type, at=self.at)


@dataclass(frozen=True, slots=True)
class _EarlierRow:
    related: str
    event_ids: tuple[UUID, ...]
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Hour:
    hour: datetime
    events: int
    total: float = 0


@dataclass(frozen=True, slots=True)
class _First:
    at: datetime


class StoredHistory(OutsideHistory):
    """That of one database."""

    page = 1_000
    """Events that are read at once."""
    patience = 30.0
    """How many seconds the view may take to fold what was received."""

    def __init__(self, database: Database, live: LiveGenerations | None, log: Log) -> None:
        """Without ``live``, which says where the views are, every look fails."""
        self._log = log
        self._read = None if live is None else PostgresRows(database, live)
        self._positions = None if live is None else Positions(database.writer, live)

    async def received(self, tenant_id: UUID, after: LogPlace) -> ReceivedPage:
        position, head = await self.position(tenant_id, after), await self._log.position_at(tenant_id, _EVER)
        wanted = Selection(types=[OutsideEvent.Accepted.stored_as], tenant_id=tenant_id)
        page = await self._log.read(after=position, until=head, limit=self.page, select=wanted)
        last = page if len(page) == self.page else await self._at(tenant_id, head)
        # What follows the events of this page may stand on one of the next.
        await self._wait(OutsideEvents, head)
        return ReceivedPage(
            events=[_received(each) for each in page],
            until=LogPlace.of(last[-1]) if last else after,
            more=len(page) == self.page,
        )

    async def position(self, tenant_id: UUID, place: LogPlace) -> int:
        position = 0
        if place.stream_id is not None:
            position, _ = await self._log.position_of(tenant_id, place.stream_id, place.version)
        # An event that is not there is none of a log that was restored from an older copy.
        return position or await self._log.position_at(tenant_id, place.at)

    async def _at(self, tenant_id: UUID, position: int) -> Sequence[Envelope]:
        here = Selection(tenant_id=tenant_id)
        return await self._log.read(after=position - 1, until=position, limit=1, select=here)

    async def of_groups(
        self, tenant_id: UUID, by: RelatedBy, types: Collection[str], spans: Sequence[GroupSpan]
    ) -> Mapping[str, GroupEvents]:
        found = await self._rows.select(
            _VIEWS, tenant_id, _GROUPS.format(by=by), *_columns(spans), list(types), shape=_Related
        )
        groups: dict[str, list[Occurred]] = {span.related: [] for span in spans}
        for each in found:
            groups[each.related].append(each.event)
        return {
            related: GroupEvents(events=events[:_MOST], whole=len(events) <= _MOST)
            for related, events in groups.items()
        }

    async def told(
        self, tenant_id: UUID, pattern_id: UUID, spans: Sequence[GroupSpan]
    ) -> Mapping[str, Sequence[EarlierMatch]]:
        found = await self._rows.select(
            _VIEWS, tenant_id, _TOLD, *_columns(spans), pattern_id, shape=_EarlierRow
        )
        earlier: dict[str, list[EarlierMatch]] = {}
        for each in found:
            earlier.setdefault(each.related, []).append(
                EarlierMatch(last=each.event_ids[-1], at=each.ended_at)
            )
        return earlier

    async def happened(
        self,
        tenant_id: UUID,
        by: RelatedBy,
        type: str,
        since: datetime,
        until: datetime,
        received_after: int,
        after: Occurred | None,
    ) -> Sequence[Awaiting]:
        place = (None, None) if after is None else (after.at, after.id)
        given = (type, since, until, received_after, *place, self.page)
        found = await self._rows.select(_VIEWS, tenant_id, _HAPPENED.format(by=by), *given, shape=_Related)
        return [Awaiting(event=each.event, related=each.related) for each in found]

    async def followed(
        self, tenant_id: UUID, by: RelatedBy, type: str, seconds: int, events: Sequence[Awaiting]
    ) -> Collection[UUID]:
        columns = (
            [each.event.id for each in events],
            [each.related for each in events],
            [each.event.at for each in events],
            [each.event.type for each in events],
        )
        found = await self._rows.select(
            _VIEWS, tenant_id, _FOLLOWED.format(by=by), *columns, type, seconds, shape=_Id
        )
        return {each.id for each in found}

    async def hourly(
        self, tenant_id: UUID, type: str, source_id: UUID | None, hours: Sequence[datetime]
    ) -> tuple[Mapping[datetime, int], datetime | None]:
        await self._wait(HourlyEvents, await self._log.head())
        counted = await self._rows.select(
            _VIEWS, tenant_id, _HOURLY, type, source_id, list(hours), shape=_Hour
        )
        first = await self._rows.select(_VIEWS, tenant_id, _FIRST, type, source_id, shape=_First)
        return {each.hour: each.events for each in counted}, first[0].at if first else None

    async def measured(
        self, tenant_id: UUID, type: str, source_id: UUID | None, hours: Sequence[datetime], measure: str
    ) -> tuple[Mapping[datetime, int], datetime | None, Mapping[datetime, float]]:
        await self._wait(HourlyMeasures, await self._log.head())
        given = (type, source_id, measure)
        found = await self._rows.select(_VIEWS, tenant_id, _MEASURED, *given, list(hours), shape=_Hour)
        first = await self._rows.select(_VIEWS, tenant_id, _FIRST_MEASURED, *given, shape=_First)
        counts, sums = ({each.hour: each.events for each in found}, {each.hour: each.total for each in found})
        return counts, first[0].at if first else None, sums

    @property
    def _rows(self) -> PostgresRows:
        if self._read is None:
            raise HistoryBehind
        return self._read

    async def _wait(self, view: type[PostgresView[Any]], position: int) -> None:
        if self._positions is None or not await self._positions.wait_for(view.name, position, self.patience):
            raise HistoryBehind


def _received(envelope: Envelope) -> Received:
    event = msgspec.json.decode(envelope.payload, type=_Accepted)
    return Received(
        position=envelope.position,
        event=Occurred(id=envelope.originator_id, type=event.event_type, at=event.occurred_at),
        related={
            RelatedBy.CORRELATION: envelope.correlation_id,
            RelatedBy.USER: None if event.user_id is None else in_one_spelling(event.user_id),
            RelatedBy.SESSION: event.session_id,
            RelatedBy.ORDER: event.order_id,
        },
    )


def _columns(spans: Sequence[GroupSpan]) -> tuple[list[str], list[datetime], list[datetime]]:
    return (
        [span.related for span in spans],
        [span.since for span in spans],
        [span.until for span in spans],
    )
