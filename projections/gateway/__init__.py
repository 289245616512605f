"""The manifest of gateway among the views."""

from domain.gateway.connectors.connectors import Connector
from domain.gateway.detection.anomalies import Anomaly
from domain.gateway.detection.anomaly_watches import AnomalyWatch
from domain.gateway.detection.pattern_matches import PatternMatch
from domain.gateway.detection.patterns import EventPattern
from domain.gateway.event_schemas import EventSchema
from domain.gateway.events import OutsideEvent
from domain.gateway.exports.event_exports import EventExport
from domain.gateway.imports import Import
from domain.gateway.letters import DeadLetter
from domain.gateway.replay_jobs.replay_jobs import ReplayJob
from domain.gateway.sources import Source
from domain.gateway.webhooks import Webhook
from projections.gateway import (
    analytics,
    connectors,
    detection,
    entity_facts,
    event_exports,
    event_metadata,
    event_schemas,
    events,
    export_parts,
    imports,
    recent_hours,
    replay_jobs,
    source_key_uses,
    source_quality,
    sources,
    user_events,
    webhooks,
)
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(
        analytics,
        connectors,
        detection,
        entity_facts,
        event_exports,
        event_metadata,
        event_schemas,
        events,
        imports,
        recent_hours,
        replay_jobs,
        source_key_uses,
        source_quality,
        sources,
        user_events,
        webhooks,
    ),
    readers=(event_schemas.schema_reader, recent_hours.recent_hours_reader),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Source, view=sources.Sources, needs="gateway:read"),
            Shown(aggregate=EventSchema, view=event_schemas.EventSchemas, needs="gateway:read"),
            Shown(aggregate=OutsideEvent, view=events.OutsideEvents, needs="gateway:read"),
            Shown(aggregate=DeadLetter, view=events.DeadLetters, needs="gateway:read"),
            Shown(aggregate=Import, view=imports.Imports, needs="gateway:read"),
            Shown(aggregate=ReplayJob, view=replay_jobs.ReplayJobs, needs="gateway:read"),
            Shown(aggregate=EventExport, view=event_exports.EventExports, needs="gateway:read"),
            Shown(aggregate=Connector, view=connectors.Connectors, needs="gateway:read"),
            Shown(aggregate=EventPattern, view=detection.EventPatterns, needs="gateway:read"),
            Shown(aggregate=PatternMatch, view=detection.PatternMatches, needs="gateway:read"),
            Shown(aggregate=AnomalyWatch, view=detection.AnomalyWatches, needs="gateway:read"),
            Shown(aggregate=Anomaly, view=detection.Anomalies, needs="gateway:read"),
            Shown(aggregate=Webhook, view=webhooks.Webhooks, needs="gateway:webhooks"),
        )
    ),
    exports=(
        export_parts.EVENTS,
        listed("activity_data", "events_of_a_year", user_events.OutsideUserEvents, "subject_id"),
        listed("activity_data", "rejected_events", events.DeadLetters, "subject_id"),
    ),
    not_exported={
        analytics.EventAnalytics: "Counts of events, which are in `activity_data`.",
        analytics.HourlyEvents: "Counts events, and names nobody.",
        analytics.HourlyMeasures: "Adds up values that are not about persons, by what schemas say.",
        entity_facts.OutsideEntities: "The last of the events that name somebody, which are in `activity_data`.",
        source_quality.SourceQualities: "Says how good events of systems are, and nothing of people.",
        source_quality.ViolationCounts: "Says how good events of systems are, and nothing of people.",
        connectors.Connectors: "Says what is pulled from where; who directed that stands in `activity_data`.",
        detection.EventPatterns: "Says what is looked for; who defined it stands in `activity_data`.",
        detection.PatternMatches: "Says which events belong together; the events stand in `activity_data`.",
        detection.AnomalyWatches: "Says what is counted; who defined it stands in `activity_data`.",
        detection.Anomalies: "Counts events, and names nobody.",
        event_metadata.EventMetadata: "Values of events that are not about persons, by what schemas say.",
        event_exports.EventExports: "Says what was written; who started an export stands in `activity_data`.",
        event_schemas.EventSchemas: "Says what events hold, and nothing of people.",
        event_schemas.SchemaVersions: "Says what events hold, and nothing of people.",
        imports.Imports: "Says what became of files; who started an import stands in `activity_data`.",
        recent_hours.RecentHours: "Counts events, and names nobody.",
        replay_jobs.ReplayJobs: "Says what became of letters; who started a job stands in `activity_data`.",
        source_key_uses.SourceKeyUses: "Says when systems sent something, and nothing of people.",
        sources.SourceKeys: "Says how systems are known; who issued a key stands in `activity_data`.",
        webhooks.Webhooks: "Says which systems are called; who directs that stands in `activity_data`.",
    },
)
