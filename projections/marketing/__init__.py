"""The manifest of marketing among the views."""

from projections.kit.context.context import ContextViews

CONTEXT = ContextViews(package=__name__)
