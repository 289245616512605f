"""The manifest of gateway among the views."""

from domain.gateway.events import OutsideEvent
from domain.gateway.letters import DeadLetter
from domain.gateway.sources import Source
from projections.gateway import events, sources
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(events, sources),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Source, view=sources.Sources, needs="gateway:read"),
            Shown(aggregate=OutsideEvent, view=events.OutsideEvents, needs="gateway:read"),
            Shown(aggregate=DeadLetter, view=events.DeadLetters, needs="gateway:read"),
        )
    ),
    exports=(
        listed("activity_data", "events", events.OutsideEvents, "subject_id"),
        listed("activity_data", "rejected_events", events.DeadLetters, "subject_id"),
    ),
)
