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


_DESCRIPTION = """Customer operations of companies: work, sales, contacts, and events from outside.

`viewer` says who you are and what you may do, and `node` finds any object by its id. Lists are connections,
of 20 items by default and 100 at most; what is listed has a subscription, such as `taskChanged`. A mutation
answers with a receipt or a `Refused`, whose `code` is a `RefusalCode`; all else that is wrong stands in
`errors`, with `extensions.code`. How clients use it stands in `/docs/clients.md`, and what each code means
in `/docs/errors.md`."""


class _Described(strawberry.Schema):
    """A schema that says what it is, by introspection and in print, where Strawberry leaves it out."""

    def as_str(self) -> str:
        """The schema as text."""
        roots = "  query: Query\n  mutation: Mutation\n  subscription: Subscription\n"
        return f'"""\n{_DESCRIPTION}\n"""\nschema {{\n{roots}}}\n\n{super().as_str()}'


_said = "Changes; most answer with a receipt or a refusal."
_single = _merged("Mutation", _said)
_mutation = _merged("Mutation", _said, command_list(_single))
schema = _Described(
    query=_merged("Query", "Reads.", viewer(_mutation)),
    mutation=_mutation,
    subscription=_merged("Subscription", "Live updates."),
    config=StrawberryConfig(scalar_map=SCALARS),
)
schema._schema.description = _DESCRIPTION
_let_roots_be_null(schema)
Access(schema._schema).require_known({*PERMISSIONS})
require_findable(schema._schema)
say_needs(schema)
