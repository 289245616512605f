"""Counts of the events of outside systems by day: of each type, and of each user."""

from datetime import date as Day
from enum import StrEnum
from typing import Annotated

from domain.gateway.events import OutsideEvent
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import Distinct, EventField, FoldValue, Percentiles
from projections.kit.declare.rollups import Bucket, Every, rolled
from projections.kit.declare.sketches import Spread, UniqueCount
from projections.kit.model import ByTime, Check, Id, Index, PostgresView, Row, Span

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


class EventAnalytics(PostgresView[EventAnalyticsRow], name="gateway.analytics", version=1):
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
            {"metric_type": AnalyticsMetric.USER, "user_id": EventField("user_id")},
        ],
        events=1,
        users=Distinct("user_id"),
        sessions=Distinct("session_id"),
        delays=Percentiles(DELAY),
    )
