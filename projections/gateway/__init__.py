"""The manifest of gateway among the views."""

from domain.gateway.sources import Source
from projections.gateway import sources
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(sources,),
    visibility=ContextVisibility(
        shown=(Shown(aggregate=Source, view=sources.Sources, needs="gateway:read"),)
    ),
)
