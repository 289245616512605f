"""The schema: every context's queries, mutations and subscriptions in one."""

import strawberry
from graphql import is_non_null_type
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from api.kit.execution.access import Access
from api.kit.manifest import ContextApi
from api.kit.roots.command_list import command_list
from api.kit.roots.needs import say_needs
from api.kit.roots.viewer import viewer
from api.kit.schema.nodes import require_findable
from api.kit.schema.scalars import SCALARS
from domain.contexts import NAMES
from domain.kit.context.manifests import load
from domain.kit.permissions import PERMISSIONS

_SIGN_IN = "auth"
"""Has no domain of its own: it is the API of the accounts of identity."""

CONTEXTS = load("api", ContextApi, (*NAMES, _SIGN_IN))
"""What each context declares in the API."""


def _let_roots_be_null(schema: strawberry.Schema) -> None:
    """Let each field of a query fail by itself: one that must not be null would take all the others with it."""
    query = schema._schema.query_type
    assert query is not None
    for field in query.fields.values():
        if is_non_null_type(field.type):
            field.type = field.type.of_type


def _merged(name: str, description: str, *more: type) -> type:
    parts = tuple(root for context in CONTEXTS for root in context.roots(name))
    merged = merge_types(name, (*parts, *more))
    merged.__strawberry_definition__.description = description  # type: ignore[attr-defined]
    return merged


_said = "Changes; most answer with a receipt or a refusal."
_single = _merged("Mutation", _said)
_mutation = _merged("Mutation", _said, command_list(_single))
schema = strawberry.Schema(
    query=_merged("Query", "Reads.", viewer(_mutation)),
    mutation=_mutation,
    subscription=_merged("Subscription", "Live updates."),
    config=StrawberryConfig(scalar_map=SCALARS),
)
_let_roots_be_null(schema)
Access(schema._schema).require_known({*PERMISSIONS})
require_findable(schema._schema)
say_needs(schema)
