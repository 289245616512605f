"""Anomalies: hours in which events of a type, or what they measure, come to far more or less than before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from typing import Annotated
from uuid import UUID

from domain.gateway.detection.anomaly_watches import EventTypeWatched, Measure, Name
from domain.kit.fields import Describe, Internal, Interval
from domain.kit.model import Aggregate, Command, Event, assigns

HOUR = timedelta(hours=1)
DAYS = 28
"""How many days back an hour is compared with the same hour."""
_LEAST_WEEKS, _LEAST_DAYS = 3, 7
_OF_NORMAL = 1.4826
"""The standard deviation of a normal distribution by its median absolute deviation."""


class AnomalyDirection(StrEnum):
    """Whether there were more events than expected, or fewer."""

    HIGH = "high"
    LOW = "low"


WatchId = Annotated[UUID, Internal(), Describe("The watch that found it.")]
Hour = Annotated[datetime, Internal(), Describe("When the hour began.")]
Direction = Annotated[
    AnomalyDirection, Internal(), Describe("Whether there were more events than expected, or fewer.")
]
Observed = Annotated[int, Interval(ge=0), Internal(), Describe("How many events happened in it.")]
Expected = Annotated[
    float,
    Internal(),
    Describe(
        "What such hours come to, in events or in the measure: the median of those before, by hour and weekday."
    ),
]
Measured = Annotated[
    float | None, Internal(), Describe("The sum of the measure in it; null where events are compared.")
]
Deviations = Annotated[
    float, Internal(), Describe("How far that is from what was expected, in the spread of such hours.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How an hour compares with those before."""

    observed: int
    measured: float | None
    expected: float
    deviation: float

    @property
    def direction(self) -> AnomalyDirection:
        """To which side it deviates."""
        return AnomalyDirection.HIGH if self.deviation > 0 else AnomalyDirection.LOW


def compared_hours(hour: datetime) -> list[datetime]:
    """The hours that one is compared with: the same of each of the days before, the newest first."""
    return [hour - timedelta(days=days) for days in range(1, DAYS + 1)]


def deviation(
    hour: datetime,
    counts: Mapping[datetime, int],
    first: datetime | None,
    sums: Mapping[datetime, float] | None = None,
) -> Deviation | None:
    """How an hour deviates, by the counts of it and of those that it is compared with, which name all that have
    events, or by the ``sums`` of what these measure. None while too few are known: what was before the ``first``
    hour with events, and all of that one, is unknown, not zero."""
    if first is None:
        return None
    known = [each for each in compared_hours(hour) if each > first]
    weekly = [each for each in known if each.weekday() == hour.weekday()]
    if len(known) < _LEAST_DAYS:
        return None
    compared = weekly if len(weekly) >= _LEAST_WEEKS else known
    values = counts if sums is None else sums
    before = [values.get(each, 0) for each in compared]
    expected = float(median(before))
    spread = _OF_NORMAL * median(abs(value - expected) for value in before)
    usual = median(counts.get(each, 0) for each in compared)
    least = (1.0 if sums is None else _worth(hour, compared, counts, sums)) * max(sqrt(usual), 1.0)
    observed = values.get(hour, 0)
    return Deviation(
        observed=counts.get(hour, 0),
        measured=None if sums is None else float(observed),
        expected=expected,
        deviation=round((observed - expected) / max(spread, least), 3),
    )


def _worth(
    hour: datetime,
    compared: Sequence[datetime],
    counts: Mapping[datetime, int],
    sums: Mapping[datetime, float],
) -> float:
    """What an event of the hours before comes to in the mean, whatever its sign, or else of this one."""
    among = [each for each in compared if each in counts] or [hour]
    events = sum(counts.get(each, 0) for each in among)
    return sum(abs(sums.get(each, 0)) for each in among) / max(events, 1) or 1.0


class Anomaly(Aggregate, topic="gateway.anomaly"):
    """An hour that deviates from those before."""

    class Detected(Event):
        aliases = ("anomaly.detected",)

        watch_id: WatchId
        watch_name: Name
        event_type: EventTypeWatched
        hour: Hour
        direction: Direction
        observed: Observed
        expected: Expected
        deviation: Deviations
        measure: Measure = None
        measured: Measured = None

    watch_id: UUID
    changed = assigns(Detected)


class NoteAnomaly(Command):
    """Note that an hour deviates from those before; no client sends this."""

    watch_id: WatchId
    watch_name: Name
    event_type: EventTypeWatched
    hour: Hour
    direction: Direction
    observed: Observed
    expected: Expected
    deviation: Deviations
    measure: Measure = None
    measured: Measured = None

    def handle(self) -> Anomaly:
        detected = Anomaly.Detected(
            watch_id=self.watch_id,
            watch_name=self.watch_name,
            event_type=self.event_type,
            hour=self.hour,
            direction=self.direction,
            observed=self.observed,
            expected=self.expected,
            deviation=self.deviation,
            measure=self.measure,
            measured=self.measured,
        )
        return Anomaly.begin(self.id, detected)
