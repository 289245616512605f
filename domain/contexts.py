"""The contexts of the product: the one list that knows them. Each floor has a package of that name."""

from domain.kit.commands import commands, require_references
from domain.kit.context.context import ContextDomain
from domain.kit.context.manifests import load
from domain.kit.events import event_classes
from domain.kit.permissions import confidential

NAMES = (
    "work",
    "identity",
    "tenancy",
    "governance",
    "operations",
    "gateway",
    "commerce",
    "campaigns",
    "marketing",
)
"""A new context is a line here; docs/contexts.md shows how it begins."""

CONTEXTS = load("domain", ContextDomain, NAMES)
"""What each declares in the domain. Whoever has this has every event and every permission of the product."""

require_references(commands().values(), {event.aggregate.topic for event in event_classes().values()})


def confidential_of(topic: str) -> str | None:
    """The permission that reads the confidential fields of a topic's events; None where nobody does.

    Raises LookupError for a topic whose area has no such permission and that does not say so.
    """
    context = topic.partition(".")[0]
    return None if topic in _NOBODY_READS else confidential(_AREAS.get(context, context))


_AREAS = {context.name: context.area for context in CONTEXTS if context.area}
"""The area of permissions of each context that is not called like it."""

_NOBODY_READS = frozenset(aggregate.topic for context in CONTEXTS for aggregate in context.unread)
"""Topics whose confidential fields no history shows."""
