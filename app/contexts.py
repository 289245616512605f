"""What all contexts declare, put together; `domain.contexts` says which there are."""

from typing import Any

from domain.contexts import CONTEXTS as DOMAIN
from domain.contexts import NAMES
from domain.kit.context.manifests import joined, load, single
from domain.kit.privacy.subjects import SubjectKind
from projections.kit.context.context import ContextViews
from projections.kit.context.joined_visibility import join_visibility
from projections.kit.declare.view import View

CONTEXTS = load("projections", ContextViews, NAMES)
"""What each declares among the views."""

VIEWS: tuple[type[View[Any]], ...] = tuple(
    joined(CONTEXTS, "views", lambda context: ((view.name, view) for view in context.views)).values()
)
"""Every view."""

SUBJECTS: tuple[SubjectKind, ...] = tuple(
    joined(
        DOMAIN, "subjects", lambda context: ((kind.aggregate.topic, kind) for kind in context.subjects)
    ).values()
)
"""Every kind of thing that is about one person; a test finds an aggregate with personal fields that is missing."""

VISIBILITY = join_visibility(CONTEXTS)
"""Who may see what of all that."""

GUARD = single(CONTEXTS, "guard", lambda context: context.guard)
"""Makes what judges which commands are taken at all."""

LANGUAGE = single(CONTEXTS, "language", lambda context: context.language)
"""Makes what says in which language a tenant searches."""
