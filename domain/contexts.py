"""The contexts of the product: the one list that knows them. Each floor has a package of that name."""

from domain.kit.commands import commands, require_references
from domain.kit.context.context import ContextDomain
from domain.kit.context.manifests import load
from domain.kit.events import event_classes

NAMES = (
    "work",
    "identity",
    "tenancy",
    "governance",
    "operations",
    "gateway",
    "commerce",
)
"""A new context is a line here; docs/contexts.md shows how it begins."""

CONTEXTS = load("domain", ContextDomain, NAMES)
"""What each declares in the domain. Whoever has this has every event and every permission of the product."""

require_references(commands().values(), {event.aggregate.topic for event in event_classes().values()})
