"""All that the API has, read from its schema, so that a new field cannot be forgotten."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    build_schema,
    get_named_type,
    is_required_argument,
)

from api.schema import schema

NOT_A_TENANTS = frozenset(
    {
        "acceptRebuild",
        "cancelRebuild",
        "discardParked",
        "parked",
        "pauseRebuild",
        "rebuild",
        "rebuildViews",
        "rebuilds",
        "resumeRebuild",
        "retryParked",
        "rollbackViews",
        "viewProgress",
        "views",
    }
)
"""What is about the views, which hold the rows of all tenants: for operators of the platform alone."""

SCHEMA = build_schema(schema.as_str())


def root(kind: str) -> dict[str, GraphQLField]:
    """The root fields of a kind of operation."""
    types = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type}
    found = types.get(kind, SCHEMA.subscription_type)
    assert found is not None
    fields: dict[str, GraphQLField] = found.fields
    return fields


def ids_taken() -> list[tuple[str, str]]:
    """Every mutation with every field of its input that names something that has to be there."""
    return [
        (name, at)
        for name in sorted(root("mutation").keys() - NOT_A_TENANTS)
        for at, field in _taken(name).fields.items()
        if get_named_type(field.type).name == "UUID"
        and (at != "id" or isinstance(field.type, GraphQLNonNull))
    ]


def kind_of(mutation: str, at: str) -> str:
    """What kind of thing a field of a mutation's input names."""
    if at == "id":
        return "project" if "Project" in mutation else "person" if "User" in mutation else "task"
    return "project" if at == "projectId" else "person"


def own_input(mutation: str, own: Mapping[str, str]) -> dict[str, Any]:
    """An input with every field that has to be given, its ids those of one's own things."""
    given: dict[str, Any] = {}
    for name, field in _taken(mutation).fields.items():
        kind = get_named_type(field.type)
        if not isinstance(field.type, GraphQLNonNull):
            continue
        if kind.name == "UUID":
            given[name] = own[kind_of(mutation, name)]
        elif isinstance(kind, GraphQLEnumType):
            given[name] = next(iter(kind.values))
        elif name == "email":
            given[name] = f"{uuid4()}@example.com"
        else:
            given[name] = ["x"] if name == "tags" else "x"
    return given


def required(mutation: str) -> list[str]:
    """The fields of a mutation's input that have to be given."""
    return [name for name, field in _taken(mutation).fields.items() if isinstance(field.type, GraphQLNonNull)]


def required_arguments(field: str) -> list[str]:
    """The arguments of a root field that have to be given, when it is no mutation."""
    found = root("query").get(field) or root("subscription")[field]
    return [name for name, argument in found.args.items() if is_required_argument(argument)]


def holds(answer: Any, expected: Any) -> bool:
    """Whether the answer says at least what is expected."""
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(holds(answer.get(key), one) for key, one in expected.items())
    if isinstance(expected, list):
        return isinstance(answer, list) and len(answer) == len(expected) and all(map(holds, answer, expected))
    return bool(answer == expected)


def _taken(mutation: str) -> GraphQLInputObjectType:
    kind = get_named_type(root("mutation")[mutation].args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    return kind
