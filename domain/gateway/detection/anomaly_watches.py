"""Watches: types of events whose number or sum in each hour is compared with the hours before."""

from typing import Annotated
from uuid import UUID

from domain.gateway.schemas.event_types import EventType
from domain.gateway.schemas.searchable import LONGEST_KEY
from domain.kit.fields import Authored, Describe, Internal, Interval, Len, Pattern, References
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Refusal, Unique, assigns
from domain.kit.text import key

MOST_WATCHES = 50

Name = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What the watch is called.")]
EventTypeWatched = Annotated[EventType, Describe("The type of the events that are counted.")]
SourceWatched = Annotated[
    UUID | None,
    References("gateway.source"),
    Internal(),
    Describe("The source whose events are counted; null: those of all."),
]
Measure = Annotated[
    str | None,
    Len(1, LONGEST_KEY),
    Pattern(r"[A-Za-z0-9_.-]*", "must be a key of a searchable value"),
    Internal(),
    Authored(),
    Describe(
        "The searchable number whose sum is compared, as `payload.amount`; null: how many events there are."
    ),
]
Sensitivity = Annotated[
    int,
    Interval(ge=2, le=10),
    Internal(),
    Describe("From how many spreads of such hours on an hour is told: 2 tells most, 10 least."),
]


class TooManyAnomalyWatches(Refusal):
    """A tenant has {most} watches at the most; delete one first."""


class AnomalyWatch(Aggregate, topic="gateway.anomaly_watch", unique=(Unique("name", fold=key),)):
    """A type of events whose number in each hour is compared with the hours before."""

    class Defined(Event):
        name: Name
        event_type: EventTypeWatched
        source_id: SourceWatched
        sensitivity: Sensitivity
        measure: Measure = None

    class Deleted(Event, ends=True): ...

    name: str
    changed = assigns(Defined)


class DefineAnomalyWatch(Command):
    """Compare how many events of a type happen in each hour from now on with the hours before, or the sum of what
    they measure."""

    name: Name
    event_type: EventTypeWatched
    source_id: SourceWatched = None
    sensitivity: Sensitivity = 4
    measure: Measure = None

    def handle(self) -> AnomalyWatch:
        defined = AnomalyWatch.Defined(
            name=self.name.strip(),
            event_type=self.event_type,
            source_id=self.source_id,
            sensitivity=self.sensitivity,
            measure=self.measure,
        )
        return AnomalyWatch.begin(self.id, defined)


class DeleteAnomalyWatch(Command):
    """Delete a watch permanently; what it found stays."""

    def handle(self, watch: AnomalyWatch) -> None:
        watch.record(AnomalyWatch.Deleted())
