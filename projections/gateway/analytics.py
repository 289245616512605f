"""Counts of the events of outside systems: of each type and each user by the day, and of each type by the hour,
with the sums of what they measure."""

from datetime import date as Day
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.gateway.events import OutsideEvent
from domain.gateway.schemas.searchable import LONGEST_KEY
from domain.kit.fields import Authored, Describe, Len
from domain.kit.log import Envelope
from projections.kit.declare.folds import Distinct, EventField, FoldValue, Key, Percentiles, on
from projections.kit.declare.rollups import Bucket, Every, rolled
from projections.kit.declare.sketches import Spread, UniqueCount
from projections.kit.model import ByTime, Check, Id, Index, PostgresView, Row, Span, replace

DELAY = FoldValue("(event.timestamp - event.occurred_at).total_seconds()", float)
"""How long an event was on its way, in seconds, by both clocks."""
THREE_YEARS = 1096
"""Days, of which one is a leap year's."""


class AnalyticsMetric(StrEnum):
    """What a row of the analytics counts: the events of a `TYPE`, or those that name a `USER`."""

    TYPE = "type"
    USER = "user"


class EventAnalyticsRow(Row):
    """How many events of a type, or of a user, there were on a day."""

    id: Id
    date: Annotated[Day, Describe("The day on which they happened, in UTC and by the source's clock.")]
    metric_type: Annotated[AnalyticsMetric, Describe("What is counted.")]
    event_type: Annotated[
        str | None, Len(max_length=100), Describe("The type of the events, where it is a type's row.")
    ] = None
    user_id: Annotated[
        str | None, Len(max_length=200), Describe("The user that they name, where it is a user's row.")
    ] = None
    events: Annotated[int, Describe("How many events there were.")] = 0
    users: Annotated[UniqueCount, Describe("The different users that they name.")] = UniqueCount()
    sessions: Annotated[UniqueCount, Describe("The different sessions that they name.")] = UniqueCount()
    delays: Annotated[Spread, Describe("How many seconds they were on their way.")] = Spread()


class EventAnalytics(PostgresView[EventAnalyticsRow], name="gateway.analytics", version=2):
    """Events from outside by day and by type or user, of three years."""

    vast = True
    partitions = ByTime("date", every=Span.MONTH, days=THREE_YEARS)
    checks = (Check("valid_metric_type", "metric_type in ('type', 'user')"),)
    indexes = (
        Index("idx_analytics_date", ("date", "id")),
        Index("idx_analytics_type", ("event_type", "date", "id"), where="event_type is not null"),
        Index("idx_analytics_user", ("user_id", "metric_type", "date"), where="user_id is not null"),
    )

    accepted = rolled(
        OutsideEvent.Accepted,
        into=Bucket("date", Every.DAY, at="occurred_at"),
        by=[
            {"metric_type": AnalyticsMetric.TYPE, "event_type": EventField("event_type")},
            {"metric_type": AnalyticsMetric.USER, "user_id": EventField("user")},
        ],
        events=1,
        users=Distinct("user"),
        sessions=Distinct("session_id"),
        delays=Percentiles(DELAY),
    )


class HourlyEventsRow(Row):
    """How many events of a type a source sent of an hour."""

    id: Id
    hour: Annotated[
        datetime, Describe("The hour in which they happened, by the source's clock: its first moment.")
    ]
    event_type: Annotated[str, Len(max_length=100), Describe("The type of the events.")]
    source_id: Annotated[UUID, Describe("The source that sent them.")]
    events: Annotated[int, Describe("How many events there were.")] = 0


class HourlyEvents(PostgresView[HourlyEventsRow], name="gateway.hourly_events", version=1):
    """Events from outside by hour, type and source, of three months, which hours are compared by."""

    partitions = ByTime("hour", every=Span.MONTH, days=92)
    indexes = (
        Index("idx_hourly_events_hour", ("hour", "id")),
        Index("idx_hourly_events_type", ("event_type", "hour", "id")),
    )

    accepted = rolled(
        OutsideEvent.Accepted,
        into=Bucket("hour", Every.HOUR, at="occurred_at"),
        by={"event_type": EventField("event_type"), "source_id": EventField("source_id")},
        events=1,
    )


class HourlyMeasureRow(Row):
    """What a searchable number of a type of events comes to, of those that a source sent of an hour."""

    hour: Annotated[
        datetime, Describe("The hour in which they happened, by the source's clock: its first moment.")
    ]
    event_type: Annotated[str, Len(max_length=100), Describe("The type of the events.")]
    source_id: Annotated[UUID, Describe("The source that sent them.")]
    measure: Annotated[str, Len(max_length=LONGEST_KEY), Authored(), Describe("The key of the number.")]
    events: Annotated[int, Describe("How many events have it.")] = 0
    total: Annotated[float, Describe("Its sum.")] = 0.0


_HOUR = Bucket("hour", Every.HOUR, at="occurred_at")


def _measured(event: OutsideEvent.Accepted, _: Envelope) -> list[Key]:
    if not event.searchable:
        return []
    where = (_HOUR.of(event), event.event_type, event.source_id)
    return [(*where, key) for key, value in event.searchable.items() if type(value) in (int, float)]


class HourlyMeasures(
    PostgresView[HourlyMeasureRow],
    name="gateway.hourly_measures",
    version=1,
    key=("hour", "event_type", "source_id", "measure"),
):
    """Searchable numbers added up by hour, type and source, of three months, which hours are compared by."""

    partitions = ByTime("hour", every=Span.MONTH, days=92)
    indexes = (Index("idx_hourly_measures_type", ("event_type", "measure", "hour", "source_id")),)

    @on(OutsideEvent.Accepted, by=_measured)
    def accepted(
        self, row: HourlyMeasureRow | None, event: OutsideEvent.Accepted, key: Key
    ) -> HourlyMeasureRow:
        hour, type, source_id, measure = key
        row = row or HourlyMeasureRow(hour=hour, event_type=type, source_id=source_id, measure=measure)
        assert event.searchable is not None, "an event that measures nothing is in no row"
        return replace(row, events=row.events + 1, total=row.total + event.searchable[measure])
