"""The manifest of gateway among the views."""

from domain.gateway.event_schemas import EventSchema
from domain.gateway.events import OutsideEvent
from domain.gateway.imports import Import
from domain.gateway.letters import DeadLetter
from domain.gateway.sources import Source
from domain.gateway.webhooks import Webhook
from projections.gateway import event_schemas, events, imports, sources, webhooks
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(event_schemas, events, imports, sources, webhooks),
    readers=(event_schemas.schema_reader,),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Source, view=sources.Sources, needs="gateway:read"),
            Shown(aggregate=EventSchema, view=event_schemas.EventSchemas, needs="gateway:read"),
            Shown(aggregate=OutsideEvent, view=events.OutsideEvents, needs="gateway:read"),
            Shown(aggregate=DeadLetter, view=events.DeadLetters, needs="gateway:read"),
            Shown(aggregate=Import, view=imports.Imports, needs="gateway:read"),
            Shown(aggregate=Webhook, view=webhooks.Webhooks, needs="gateway:webhooks"),
        )
    ),
    exports=(
        listed("activity_data", "events", events.OutsideEvents, "subject_id"),
        listed("activity_data", "rejected_events", events.DeadLetters, "subject_id"),
    ),
    not_exported={
        event_schemas.EventSchemas: "Says what events hold, and nothing of people.",
        event_schemas.SchemaVersions: "Says what events hold, and nothing of people.",
        imports.Imports: "Says what became of files; who started an import stands in `activity_data`.",
        sources.SourceKeys: "Says how systems are known; who issued a key stands in `activity_data`.",
        webhooks.Webhooks: "Says which systems are called; who directs that stands in `activity_data`.",
    },
)
