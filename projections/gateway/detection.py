"""Patterns and watches as people read them, and what was found; matches are never behind, as each is told once."""

from typing import Annotated

from domain.gateway.detection import anomalies, anomaly_watches, pattern_matches, patterns
from domain.gateway.detection.anomalies import Anomaly
from domain.gateway.detection.anomaly_watches import AnomalyWatch
from domain.gateway.detection.pattern_matches import PatternMatch
from domain.gateway.detection.patterns import EventPattern
from domain.kit.fields import Describe
from projections.kit.declare.folds import carried, removed
from projections.kit.model import Check, CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class EventPatternRow(Row):
    """What is looked for in events that belong together."""

    id: Id
    name: patterns.Name
    kind: patterns.Kind
    event_types: patterns.Types
    related_by: patterns.Related
    window_seconds: patterns.Window
    least: patterns.Least
    active: Annotated[bool, Describe("Whether it is looked for.")] = True
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class EventPatterns(PostgresView[EventPatternRow], name="gateway.event_patterns", version=1):
    """Every pattern that is not deleted."""

    collated = {"name": ("name",)}
    checks = (
        Check("valid_pattern_kind", "kind in ('sequence', 'count', 'missing')"),
        Check("valid_related_by", "related_by in ('correlation_id', 'user_id', 'session_id', 'order_id')"),
    )
    indexes = (
        Index("idx_event_patterns_name", ("name_order", "id")),
        Index("idx_event_patterns_created_at", ("created_at", "id")),
    )

    defined = carried(EventPattern.Defined, first=True)
    disabled = carried(EventPattern.Disabled, active=False)
    enabled = carried(EventPattern.Enabled, active=True)
    deleted = removed(EventPattern.Deleted)


class PatternMatchRow(Row):
    """A time that a pattern was found."""

    id: Id
    pattern_id: pattern_matches.PatternId
    pattern_name: patterns.Name
    related: pattern_matches.Related
    event_ids: pattern_matches.EventIds
    events: pattern_matches.Count
    began_at: pattern_matches.Began
    ended_at: pattern_matches.Ended
    created_at: Annotated[CreatedAt, Describe("When it was found.")]


class PatternMatches(PostgresView[PatternMatchRow], name="gateway.pattern_matches", version=1, inline=True):
    """Every match of a pattern, those of deleted patterns too."""

    indexes = (
        Index("idx_pattern_matches_created_at", ("created_at", "id")),
        Index("idx_pattern_matches_pattern", ("pattern_id", "created_at", "id")),
        Index("idx_pattern_matches_related", ("pattern_id", "related", "ended_at", "id")),
    )

    detected = carried(PatternMatch.Detected, first=True)


class AnomalyWatchRow(Row):
    """A type of events whose number in each hour is compared with the hours before."""

    id: Id
    name: anomaly_watches.Name
    event_type: anomaly_watches.EventTypeWatched
    source_id: anomaly_watches.SourceWatched
    sensitivity: anomaly_watches.Sensitivity
    measure: anomaly_watches.Measure
    created_at: CreatedAt


class AnomalyWatches(PostgresView[AnomalyWatchRow], name="gateway.anomaly_watches", version=2):
    """Every watch that is not deleted."""

    collated = {"name": ("name",)}
    indexes = (
        Index("idx_anomaly_watches_name", ("name_order", "id")),
        Index("idx_anomaly_watches_created_at", ("created_at", "id")),
    )

    defined = carried(AnomalyWatch.Defined, first=True)
    deleted = removed(AnomalyWatch.Deleted)


class AnomalyRow(Row):
    """An hour that deviates from those before."""

    id: Id
    watch_id: anomalies.WatchId
    watch_name: anomaly_watches.Name
    event_type: anomaly_watches.EventTypeWatched
    hour: anomalies.Hour
    direction: anomalies.Direction
    observed: anomalies.Observed
    expected: anomalies.Expected
    deviation: anomalies.Deviations
    measure: anomaly_watches.Measure
    measured: anomalies.Measured
    created_at: Annotated[CreatedAt, Describe("When it was found.")]


class Anomalies(PostgresView[AnomalyRow], name="gateway.anomalies", version=2):
    """Every anomaly, those of deleted watches too."""

    checks = (Check("valid_anomaly_direction", "direction in ('high', 'low')"),)
    indexes = (
        Index("idx_anomalies_hour", ("hour", "id")),
        Index("idx_anomalies_watch", ("watch_id", "hour", "id")),
    )

    detected = carried(Anomaly.Detected, first=True)
