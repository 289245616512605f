"""The manifest of campaigns in the domain."""

from domain.kit.context.context import ContextDomain

CONTEXT = ContextDomain(package=__name__)
