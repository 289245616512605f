"""What the events of outside systems come to: by user, by day, by user and order, and how good they are."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.gateway.events import OutsideEvent
from api.gateway.sources import Source
from api.kit.model import (
    PAGE_ARGUMENTS,
    After,
    ComputedField,
    Connection,
    Info,
    Node,
    PageRequest,
    Resource,
    argument,
    bad_argument,
    connect,
    derived,
    enum,
    field,
    linked,
    shows,
)
from domain.kit.ids import in_one_spelling, spelled
from projections.gateway import source_quality
from projections.gateway.analytics import EventAnalytics, EventAnalyticsRow
from projections.gateway.entity_facts import OutsideEntities, OutsideEntityRow
from projections.gateway.events import OutsideEvents, sent_user
from projections.gateway.source_quality import (
    SourceQualities,
    SourceQualityRow,
    ViolationCountRow,
    ViolationCounts,
)
from projections.gateway.sources import Sources
from projections.gateway.user_events import OutsideUserEventRow, OutsideUserEvents
from projections.kit.read.conditions import equals, since, until
from projections.kit.read.keyset import Order

_READ = "gateway:read"
_SENT_BY = "The source that sent it."
_LONGEST = 200


@shows(
    OutsideUserEventRow,
    needs=_READ,
    about="subject_id",
    leave_out=("id", "source_id", "subject_id", "user_id", "user_spelling", "session_id", "order_id"),
)
class OutsideUserEvent:
    """An event that an outside system sent and that names a user, as it is known for a year. It is no object of
    its own: that is its `event`."""

    event = linked(OutsideEvent, OutsideEvents, "id", "The event whole; null once it is older than 90 days.")
    source = linked(Source, Sources, "source_id", _SENT_BY)
    user_ref = derived(str, sent_user, "The user that it names, as its source knows them.")
    session_ref = derived(str | None, lambda row: row.session_id, "The session that it names.")
    order_ref = derived(str | None, lambda row: row.order_id, "The order that its payload names.")


@shows(OutsideEntityRow, needs=_READ, leave_out=("entity_id", "user_id", "source_id"))
class OutsideEntity(Node):
    """A user or an order of an outside system, as its events tell of it."""

    source = linked(Source, Sources, "source_id", "The source of its last event.")
    ref = derived(str, lambda row: row.entity_id, "Its id, as its source knows it.")
    user_ref = derived(
        str | None, lambda row: row.user_id, "The user that its last event names, as its source knows them."
    )


@shows(EventAnalyticsRow, needs=_READ, leave_out=("user_id", "users", "sessions", "delays"))
class EventCount(Node):
    """The events of a type, or of a user, on a day."""

    user_ref = derived(
        str | None, lambda row: row.user_id, "The user that they name, where it is a user's count."
    )
    users = derived(
        int,
        lambda row: row.users.count,
        "How many users they name, with a standard error of about 2.3 % where that is more than 256.",
    )
    sessions = derived(int, lambda row: row.sessions.count, "How many sessions they name; as of `users`.")
    median_delay = derived(
        float | None,
        lambda row: row.delays.percentile(0.5),
        "How many seconds half of them were on their way at most, within 2.5 %.",
    )
    p95_delay = derived(
        float | None,
        lambda row: row.delays.percentile(0.95),
        "How many seconds 95 % of them were on their way at most, within 2.5 %.",
    )


class QualityDimension(Enum):
    """A target of data quality."""

    COMPLETENESS = "completeness"
    """How much of its envelope an event gives itself."""
    ACCURACY = "accuracy"
    """How many have the form that they must have."""
    CONSISTENCY = "consistency"
    """How many contradict nothing."""
    TIMELINESS = "timeliness"
    """How long those accepted were on their way, but for what was imported, pulled, or replayed by a job."""


@shows(
    SourceQualityRow,
    needs=_READ,
    leave_out=("source_id", "malformed", "contradictory", "completeness_sum", "live", "late", "delays"),
)
class SourceQuality(Node):
    """How good the events of a source were in an hour. Of an hour in which it sent none, there is nothing."""

    source = linked(Source, Sources, "source_id", "The source.")
    completeness = derived(
        float | None,
        source_quality.completeness,
        "How much of what they could say those accepted say, in per cent; the target is above 99.",
    )
    accuracy = derived(
        float | None,
        source_quality.accuracy,
        "How many have the form that they must have, in per cent; the target is above 95.",
    )
    consistency = derived(
        float | None,
        source_quality.consistency,
        "How many contradict nothing that is known, in per cent; the target is above 98.",
    )
    timeliness = derived(
        float | None,
        source_quality.timeliness,
        "How many seconds 95 % of those accepted were on their way at most, within 2.5 %, but for what was "
        "imported, pulled, or replayed by a job; null where there were none. The target is less than 300.",
    )
    breached = derived(bool, lambda row: bool(source_quality.missed(row)), "Whether a target was missed.")
    missed = derived(
        list[enum(QualityDimension)],  # type: ignore[misc]
        lambda row: [QualityDimension(name) for name in source_quality.missed(row)],
        "The targets that were missed.",
    )


@shows(ViolationCountRow, needs=_READ, leave_out=("source_id",))
class ViolationCount(Node):
    """How often a source broke a rule on a day."""

    source = linked(Source, Sources, "source_id", "The source.")


_entities = Resource(OutsideEntity, OutsideEntities, read=_READ, plural="outside entities")
_counts = Resource(EventCount, EventAnalytics, read=_READ)
_quality = Resource(SourceQuality, SourceQualities, read=_READ, plural="hours of sources")
_violations = Resource(ViolationCount, ViolationCounts, read=_READ)
_USER = ComputedField(
    str,
    "user_id",
    lambda row: row.user_id,
    "The user that they name, as their source knows them; an id in any spelling.",
    in_one_spelling,
)
_entities.filter(
    also=("status",),
    computed={
        "user_ref": _USER,
        "ref": ComputedField(
            str, "entity_id", lambda row: row.entity_id, "Its id, as its source knows it.", spelled
        ),
    },
)
_counts.filter(also=("metric_type",), computed={"user_ref": _USER})
_quality.filter(
    also=("source_id",),
    computed={
        "breached": ComputedField(
            bool,
            f"({source_quality.BREACHED})",
            lambda row: bool(source_quality.missed(row)),
            "Whether a target was missed.",
        )
    },
)
_violations.filter(also=("source_id",))


@strawberry.type
class Query:
    event_counts = _counts.list("Counts of the events of outside systems, by day, and by type or user.")
    outside_entities = _entities.list("Users and orders of outside systems, by pages.")
    source_quality = _quality.list("The quality of the events of sources, by the hour.")
    violation_counts = _violations.list("How often rules were broken, by the day, source and rule.")

    async def _of_user(
        self,
        info: Info,
        user: Annotated[str, argument("The user, as the events name them.")],
        event_type: Annotated[str | None, argument("Only events of this type.")] = None,
        since_time: Annotated[datetime | None, argument("Only what happened then or later.")] = None,
        until_time: Annotated[datetime | None, argument("Only what happened before.")] = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        after_position: After = None,
    ) -> Connection[OutsideUserEvent]:
        if not 1 <= len(user) <= _LONGEST:
            raise bad_argument(f"The user has 1 to {_LONGEST} characters.", "user")
        await info.context.caught_up(OutsideUserEvents, after_position)
        return await connect(
            info.context,
            OutsideUserEvents,
            where=[
                *equals("user_id", in_one_spelling(user)),
                *equals("event_type", event_type),
                *since("occurred_at", since_time),
                *until("occurred_at", until_time),
            ],
            order=Order("occurred_at", descending=True),
            wanted=PageRequest(first=first, after=after, last=last, before=before),
        )

    _of_user.__annotations__ |= PAGE_ARGUMENTS
    outside_user_events = field(
        "What a user of outside systems did in the last year, the last first, by pages.", needs=_READ
    )(_of_user)
    del _of_user
