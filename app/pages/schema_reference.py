"""The schema as data for its page: every type with what it has, what that takes, and who may ask for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    is_introspection_type,
    print_ast,
)
from graphql.utilities import ast_from_value

from api.kit.execution.access import ANYONE, COVERED, IDENTIFIED, SIGNED_IN, WHOEVER, Access

# What JSON holds is of any shape.
Shown = dict[str, Any]

_SAID: Mapping[str | None, str | None] = {
    None: None,
    COVERED: None,
    ANYONE: "anybody",
    WHOEVER: "anybody",
    IDENTIFIED: "whoever says who they are",
    SIGNED_IN: "whoever has signed in",
}
"""Who may ask for a field that needs no permission; None for whoever has what the field stands in."""
_KINDS = {
    GraphQLObjectType: "object",
    GraphQLInterfaceType: "interface",
    GraphQLUnionType: "union",
    GraphQLEnumType: "enum",
    GraphQLInputObjectType: "input",
    GraphQLScalarType: "scalar",
}


def reference(schema: GraphQLSchema) -> Shown:
    """What the page shows; what a member does not have is left out."""
    access = Access(schema).by_field
    types = [kind for kind in schema.type_map.values() if not is_introspection_type(kind)]
    roots = [
        kind.name for kind in (schema.query_type, schema.mutation_type, schema.subscription_type) if kind
    ]
    return {"roots": roots, "types": [_type(schema, kind, access) for kind in types]}


def _type(
    schema: GraphQLSchema, kind: GraphQLNamedType, access: Mapping[tuple[str, str], str | None]
) -> Shown:
    members: list[Shown] = []
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        members = [_field(name, field, access[kind.name, name]) for name, field in kind.fields.items()]
    elif isinstance(kind, GraphQLInputObjectType):
        members = [_given(name, field) for name, field in kind.fields.items()]
    elif isinstance(kind, GraphQLEnumType):
        members = [
            _filled(name=name, about=value.description, deprecated=value.deprecation_reason)
            for name, value in kind.values.items()
        ]
    return _filled(
        name=kind.name,
        kind=next(word for of, word in _KINDS.items() if isinstance(kind, of)),
        about=kind.description,
        members=members,
        implements=[parent.name for parent in getattr(kind, "interfaces", ())],
        possible=_possible(schema, kind),
        specified=getattr(kind, "specified_by_url", None),
    )


def _possible(schema: GraphQLSchema, kind: GraphQLNamedType) -> list[str]:
    if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
        return [each.name for each in schema.get_possible_types(kind)]
    return []


def _field(name: str, field: GraphQLField, need: str | None) -> Shown:
    return _filled(
        name=name,
        type=str(field.type),
        about=field.description,
        arguments=list(_arguments(field.args)),
        permission=None if need in _SAID else need,
        whom=_SAID.get(need),
        deprecated=field.deprecation_reason,
    )


def _arguments(arguments: Mapping[str, GraphQLArgument]) -> Iterator[Shown]:
    for name, argument in arguments.items():
        yield _given(name, argument)


def _given(name: str, given: GraphQLArgument | GraphQLInputField) -> Shown:
    default = None
    # Null goes without saying.
    if given.default_value is not Undefined and given.default_value is not None:
        written = ast_from_value(given.default_value, given.type)
        default = None if written is None else print_ast(written)
    return _filled(
        name=name,
        type=str(given.type),
        about=given.description,
        default=default,
        deprecated=given.deprecation_reason,
    )


def _filled(**said: Any) -> Shown:
    return {name: value for name, value in said.items() if value}
