"""How good the events of each source are, hour by hour, and which rules they broke.

The targets (strict): completeness above 99 %, accuracy above 95 %, consistency above 98 %, and on the way for less
than five minutes, which at most one event in twenty may miss of those that came as they happened. Of an hour
without events nothing is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.events import OutsideEvent
from domain.gateway.letters import PAYMENT, DeadLetter
from domain.kit.fields import Describe, Len
from projections.gateway.analytics import DELAY, THREE_YEARS
from projections.kit.declare.folds import EventField, FoldValue, Last, Percentiles, Sum
from projections.kit.declare.rollups import Bucket, Every, rolled
from projections.kit.declare.sketches import Spread
from projections.kit.model import ByTime, Id, Index, PostgresView, Row, Span

LATE = 300
"""Seconds on the way from which on an event is late."""
_FORM = ("json", "size", "envelope", "cloudevents", "row", "skew", "schema")
"""The rules that say what an event looks like."""
_NEITHER = ("scope", "test_mode")
"""Those that say who may send it, and whether it counts here; all others say what goes together."""
_LIVE = "not any(way in str(envelope.metadata) for way in ('\"import\"', '\"pull\"', '\"replay\"'))"
"""Whether an event was sent as it happened: it was neither in a file nor pulled, nor replayed by a job, which all
bring what happened long before (see `ReceivedEvent.origin`)."""
_OF_SOURCE = {"source_id": EventField("source_id")}


class SourceQualityRow(Row):
    """How good the events of a source were in an hour."""

    id: Id
    source_id: Annotated[UUID, Describe("The source.")]
    hour: Annotated[datetime, Describe("The hour in which they were received: its first moment.")]
    accepted: Annotated[int, Describe("How many events were accepted.")] = 0
    rejected: Annotated[int, Describe("How many were rejected and kept as dead letters.")] = 0
    malformed: Annotated[int, Describe("How many were rejected because of their form.")] = 0
    contradictory: Annotated[int, Describe("How many were rejected because they contradict something.")] = 0
    completeness_sum: Annotated[
        int, Describe("The completeness of those accepted, in per cent, added up.")
    ] = 0
    live: Annotated[
        int, Describe("How many of those accepted were neither imported nor pulled nor replayed by a job.")
    ] = 0
    late: Annotated[int, Describe("How many of these were on their way for five minutes or more.")] = 0
    delays: Annotated[Spread, Describe("How many seconds these were on their way.")] = Spread()


class SourceQualities(PostgresView[SourceQualityRow], name="gateway.source_quality", version=4):
    """The quality of every source, by the hour, of three years."""

    partitions = ByTime("hour", every=Span.MONTH, days=THREE_YEARS)
    indexes = (
        Index("idx_source_quality_hour", ("hour", "id")),
        Index("idx_source_quality_source", ("source_id", "hour", "id")),
    )

    accepted = rolled(
        OutsideEvent.Accepted,
        into=Bucket("hour", Every.HOUR),
        by=_OF_SOURCE,
        accepted=1,
        completeness_sum=Sum("completeness"),
        live=Sum(FoldValue(f"int({_LIVE})", int)),
        late=Sum(FoldValue(f"int({DELAY.expression} >= {LATE} and {_LIVE})", int)),
        delays=Percentiles(FoldValue(f"{DELAY.expression} if {_LIVE} else None", float)),
    )
    rejected = rolled(
        DeadLetter.Kept,
        into=Bucket("hour", Every.HOUR),
        by=_OF_SOURCE,
        # The event that told of it was accepted.
        unless=lambda letter: letter.rule == PAYMENT,
        rejected=1,
        malformed=Sum(FoldValue(f"int(event.rule in {_FORM})", int)),
        contradictory=Sum(FoldValue(f"int(event.rule not in {_FORM + _NEITHER})", int)),
    )


def completeness(row: SourceQualityRow) -> float | None:
    """How much of what they could say the events say, in per cent; None where none was accepted."""
    return row.completeness_sum / row.accepted if row.accepted else None


def accuracy(row: SourceQualityRow) -> float | None:
    """How many of the events have the form that they must have, in per cent; None where there were none."""
    return _without(row.malformed, row)


def consistency(row: SourceQualityRow) -> float | None:
    """How many of the events contradict nothing, in per cent; None where there were none."""
    return _without(row.contradictory, row)


def timeliness(row: SourceQualityRow) -> float | None:
    """How many seconds 95 % of those that came as they happened were on their way at most, within 2.5 %;
    None where none did."""
    return row.delays.percentile(0.95)


def _without(faulty: int, row: SourceQualityRow) -> float | None:
    all = row.accepted + row.rejected
    return 100 * (all - faulty) / all if all else None


@dataclass(frozen=True, slots=True)
class QualityTarget:
    """When a source misses a target in an hour: in SQL, and of a row. In whole numbers, so that it is exact."""

    name: str
    sql: str
    missed: Callable[[SourceQualityRow], bool]


TARGETS = (
    QualityTarget(
        "completeness",
        "accepted > 0 and completeness_sum <= 99 * accepted",
        lambda row: row.accepted > 0 and row.completeness_sum <= 99 * row.accepted,
    ),
    QualityTarget(
        "accuracy",
        "100 * malformed >= 5 * (accepted + rejected)",
        lambda row: 100 * row.malformed >= 5 * (row.accepted + row.rejected),
    ),
    QualityTarget(
        "consistency",
        "100 * contradictory >= 2 * (accepted + rejected)",
        lambda row: 100 * row.contradictory >= 2 * (row.accepted + row.rejected),
    ),
    QualityTarget("timeliness", "20 * late > live", lambda row: 20 * row.late > row.live),
)
BREACHED = " or ".join(f"({target.sql})" for target in TARGETS)


def missed(row: SourceQualityRow) -> list[str]:
    """The targets that a source missed in an hour."""
    return [target.name for target in TARGETS if target.missed(row)]


class ViolationCountRow(Row):
    """How often a rule was broken by a source on a day."""

    id: Id
    source_id: Annotated[UUID, Describe("The source.")]
    date: Annotated[Day, Describe("The day on which the events were received, in UTC.")]
    rule: Annotated[str, Len(max_length=100), Describe("The rule that was broken.")]
    code: Annotated[str, Len(max_length=50), Describe("What kind of limit it is.")]
    events: Annotated[int, Describe("How many events were rejected by it.")] = 0
    violations: Annotated[int, Describe("How many faults were found in these events.")] = 0
    last_at: Annotated[datetime | None, Describe("When the last of them was received.")] = None


class ViolationCounts(PostgresView[ViolationCountRow], name="gateway.violation_counts", version=1):
    """How often each rule was broken by each source, by the day, of three years."""

    partitions = ByTime("date", every=Span.MONTH, days=THREE_YEARS)
    indexes = (
        Index("idx_violation_counts_date", ("date", "id")),
        Index("idx_violation_counts_source", ("source_id", "date", "id")),
    )

    kept = rolled(
        DeadLetter.Kept,
        into=Bucket("date", Every.DAY),
        by={**_OF_SOURCE, "rule": EventField("rule"), "code": EventField("code")},
        events=1,
        violations=Sum("violations"),
        last_at=Last(),
    )
