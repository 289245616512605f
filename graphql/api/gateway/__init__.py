"""The manifest of gateway in the API."""

from api.gateway import (
    analytics,
    connectors,
    detection,
    event_exports,
    event_schemas,
    events,
    import_progress,
    imports,
    ingestion,
    letters,
    replay_jobs,
    sources,
    webhooks,
)
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        analytics,
        connectors,
        detection,
        event_exports,
        event_schemas,
        events,
        import_progress,
        imports,
        ingestion,
        letters,
        replay_jobs,
        sources,
        webhooks,
    ),
)
