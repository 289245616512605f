"""Patterns and watches, and what was found: one by one, listed, and live."""

import strawberry

from api.gateway.room import Room
from api.gateway.sources import Source
from api.kit.model import Node, Resource, headed, linked, shows
from domain.gateway.detection import anomaly_watches, patterns
from projections.gateway.detection import (
    Anomalies,
    AnomalyRow,
    AnomalyWatches,
    AnomalyWatchRow,
    EventPatternRow,
    EventPatterns,
    PatternMatches,
    PatternMatchRow,
)
from projections.gateway.sources import Sources
from projections.kit.read.keyset import Order

READ, WRITE = "gateway:read", "gateway:write"


@shows(PatternMatchRow, needs=READ)
class PatternMatch(Node):
    """A time that a pattern was found."""


@shows(EventPatternRow, needs=READ)
class EventPattern(Node):
    """What is looked for in events that belong together."""

    matches = headed(
        PatternMatch,
        PatternMatches,
        "pattern_id",
        order=Order("created_at", descending=True),
        description="When it was found, the newest first.",
    )


@shows(AnomalyRow, needs=READ)
class Anomaly(Node):
    """An hour that deviates from those before."""


@shows(AnomalyWatchRow, needs=READ, leave_out=("source_id",))
class AnomalyWatch(Node):
    """A type of events whose number in each hour is compared with the hours before."""

    source = linked(Source, Sources, "source_id", "The source whose events are counted; null: those of all.")
    anomalies = headed(
        Anomaly,
        Anomalies,
        "watch_id",
        order=Order("hour", descending=True),
        description="The hours that it told, the newest first.",
    )


_PATTERNS = Room(
    what="event patterns",
    most=patterns.MOST_PATTERNS,
    begins=patterns.EventPattern.Defined,
    ends=patterns.EventPattern.Deleted,
    full=lambda: patterns.TooManyEventPatterns(most=patterns.MOST_PATTERNS),
)
_WATCHES = Room(
    what="anomaly watches",
    most=anomaly_watches.MOST_WATCHES,
    begins=anomaly_watches.AnomalyWatch.Defined,
    ends=anomaly_watches.AnomalyWatch.Deleted,
    full=lambda: anomaly_watches.TooManyAnomalyWatches(most=anomaly_watches.MOST_WATCHES),
)


_patterns = Resource(EventPattern, EventPatterns, read=READ, write=WRITE)
_matches = Resource(PatternMatch, PatternMatches, read=READ, plural="pattern matches")
_watches = Resource(AnomalyWatch, AnomalyWatches, read=READ, write=WRITE, plural="anomaly watches")
_anomalies = Resource(Anomaly, Anomalies, read=READ, plural="anomalies")


@strawberry.type
class Query:
    event_pattern = _patterns.by_id("A pattern by id.")
    event_patterns = _patterns.list("The tenant's patterns, by pages.")
    pattern_match = _matches.by_id("A match of a pattern by id.")
    pattern_matches = _matches.list("What was found by patterns, by pages.")
    anomaly_watch = _watches.by_id("A watch by id.")
    anomaly_watches = _watches.list("The tenant's watches, by pages.")
    anomaly = _anomalies.by_id("An anomaly by id.")
    anomalies = _anomalies.list("What was found by watches, by pages.")


@strawberry.type
class Mutation:
    define_event_pattern = _patterns.mutation(
        patterns.DefineEventPattern, send=_PATTERNS.sends(patterns.DefineEventPattern)
    )
    disable_event_pattern = _patterns.mutation(patterns.DisableEventPattern)
    enable_event_pattern = _patterns.mutation(patterns.EnableEventPattern)
    delete_event_pattern = _patterns.mutation(patterns.DeleteEventPattern)
    define_anomaly_watch = _watches.mutation(
        anomaly_watches.DefineAnomalyWatch, send=_WATCHES.sends(anomaly_watches.DefineAnomalyWatch)
    )
    delete_anomaly_watch = _watches.mutation(anomaly_watches.DeleteAnomalyWatch)
