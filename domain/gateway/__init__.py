"""The manifest of gateway in the domain."""

from domain.gateway import (
    event_schemas,
    events,
    import_terms,
    imports,
    letters,
    outcomes,
    payment_letters,
    replays,
    source_connections,
    sources,
    webhook_commands,
    webhooks,
)
from domain.gateway.admission import source_keys
from domain.gateway.connectors import connector_commands, connectors, tool_commands
from domain.gateway.connectors.pulls import ConnectorPulls
from domain.gateway.detection import anomalies, anomaly_watches, pattern_matches, patterns
from domain.gateway.detection.anomaly_detection import AnomalyDetection
from domain.gateway.detection.pattern_detection import PatternDetection
from domain.gateway.exports import destination_commands, event_exports
from domain.gateway.exports.event_export_runs import EventExportRun
from domain.gateway.import_runs import ImportRun
from domain.gateway.replay_jobs import replay_jobs
from domain.gateway.replay_jobs.replay_runs import ReplayRun
from domain.gateway.tools import destinations
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        connector_commands,
        connectors,
        destination_commands,
        destinations,
        anomalies,
        anomaly_watches,
        event_exports,
        event_schemas,
        events,
        import_terms,
        imports,
        letters,
        outcomes,
        payment_letters,
        pattern_matches,
        patterns,
        replay_jobs,
        replays,
        source_connections,
        source_keys,
        sources,
        tool_commands,
        webhook_commands,
        webhooks,
    ),
    permissions=(
        Permission("gateway:read", "See sources of events, and what they sent.", "member"),
        Permission("gateway:confidential", "Read the payloads of events.", "admin"),
        Permission("gateway:write", "Register sources and issue their keys.", "admin"),
        Permission("gateway:schemas", "Register schemas of events.", "admin"),
        Permission("gateway:webhooks", "Have events sent to other systems, and see what was sent.", "admin"),
        Permission("gateway:ingest", "Send events in the name of any source.", "admin"),
    ),
    processes=(ImportRun, EventExportRun, ReplayRun, ConnectorPulls, PatternDetection, AnomalyDetection),
    entities=(
        Entity(kind="SOURCE", aggregate=sources.Source, needs="gateway:read"),
        Entity(kind="CONNECTOR", aggregate=connectors.Connector, needs="gateway:read"),
        Entity(kind="WEBHOOK", aggregate=webhooks.Webhook, needs="gateway:webhooks"),
    ),
)
