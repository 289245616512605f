"""The schema: every context's queries, mutations and subscriptions in one."""

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from api import auth, governance, identity, operations, tenancy, work
from api.kit.schema.scalars import SCALARS

_CONTEXTS = (work, auth, identity, tenancy, governance, operations)


def _merged(name: str, description: str) -> type:
    parts = tuple(part for context in _CONTEXTS for part in context.ROOTS if part.__name__ == name)
    merged = merge_types(name, parts)
    merged.__strawberry_definition__.description = description  # type: ignore[attr-defined]
    return merged


schema = strawberry.Schema(
    query=_merged("Query", "Reads."),
    mutation=_merged("Mutation", "Changes; most answer with a receipt or a refusal."),
    subscription=_merged("Subscription", "Live updates."),
    config=StrawberryConfig(scalar_map=SCALARS),
)
