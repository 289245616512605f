"""The manifest of operations among the views: it has none, and directs those of all contexts."""

from projections.kit.context.context import ContextViews

CONTEXT = ContextViews(package=__name__)
