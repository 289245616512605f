"""The directive by which the published schema says what each field needs.

It is put on the fields from what `Access` checks, so that it cannot say anything else.
"""

from copy import copy

import strawberry
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location

from api.kit.execution.access import Access
from domain.kit.permissions import PERMISSIONS


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="needs",
    description="Who lacks this permission is refused with FORBIDDEN; `viewer` has those that you hold.",
)
class Needs:
    """As the schema prints it."""

    permission: str


def say_needs(schema: strawberry.Schema) -> None:
    """Let each field that needs a permission say so where the schema is printed."""
    directive = schema.schema_converter.from_schema_directive(Needs)
    directive.args["permission"].description = 'The permission, such as "work:read".'
    schema._schema.directives = (*schema._schema.directives, directive)
    # Strawberry knows by this what it has converted already, and itself converts no descriptions of arguments.
    schema._schema_graphql_directives[Needs] = directive
    access = Access(schema._schema)
    for (kind, name), need in access.by_field.items():
        if need is None or need not in PERMISSIONS:
            continue
        # Only objects and interfaces have fields that need something.
        field = schema._schema.type_map[kind].fields[name]  # type: ignore[attr-defined]
        # One declaration may stand for fields of several types, which need different things.
        declared = copy(field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF])
        declared.directives = [*declared.directives, Needs(permission=need)]
        field.extensions = {**field.extensions, GraphQLCoreConverter.DEFINITION_BACKREF: declared}
