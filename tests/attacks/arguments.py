"""Documents and arguments for every place of the schema, so that what is new is attacked without being named."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
    is_leaf_type,
)

from tests.schema.published import published

SCHEMA = published()

_NUMBERS = {"Int": 1, "Float": 1.0, "Boolean": True}
_GOOD = {
    "DateTime": "2030-01-31T12:00:00Z",
    "Date": "2030-01-31",
    "Position": "1",
    "Decimal": "1.00",
    "JSON": {},
}


def root(kind: str) -> dict[str, GraphQLField]:
    """The root fields of queries or mutations."""
    found = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
    assert found is not None
    fields: dict[str, GraphQLField] = found.fields
    return fields


def places(wanted: Callable[[str], bool]) -> list[tuple[str, str, str]]:
    """Every value of a wanted scalar that a query or mutation takes: kind, field, path of the value."""
    return [
        (kind, name, path)
        for kind in ("query", "mutation")
        for name, field in sorted(root(kind).items())
        for argument, taken in field.args.items()
        for path in _leaves(argument, taken.type, wanted)
    ]


def by_root(found: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """The paths of places, each with the number of its place, by the kind and name of the root field."""
    paths: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for number, (kind, name, path) in enumerate(found):
        paths.setdefault((kind, name), []).append((number, path))
    return paths


def is_text(scalar: str) -> bool:
    """Whether a scalar comes in as a text; ids, instants and positions do as well."""
    return scalar not in _NUMBERS


def arguments(kind: str, name: str, path: str, value: str) -> dict[str, Any]:
    """Arguments with this value at a place, and something good wherever something is needed."""
    return {
        argument: _value(taken.type, argument, path, value)
        for argument, taken in root(kind)[name].args.items()
        if path.split(".")[0] == argument or _needed(taken.type)
    }


def document(kind: str, name: str, times: int = 0) -> str:
    """A document that takes every argument by a variable and tells whether it was refused, and for what.

    With ``times`` it asks for the field as often, as `a0`, `a1` and so on, each with variables of its own.
    """
    field = root(kind)[name]
    aliases = [f"a{number}" for number in range(times)]
    heads = ", ".join(
        f"${variable(alias, argument)}: {taken.type}"
        for alias in aliases or [""]
        for argument, taken in field.args.items()
    )
    kind_of_answer = get_named_type(field.type)
    below = "" if is_leaf_type(kind_of_answer) else "{ __typename }"
    if any(member.name == "Refused" for member in getattr(kind_of_answer, "types", ())):
        below = "{ __typename ... on Refused { code field } }"
    parts = []
    for alias in aliases or [""]:
        passed = ", ".join(f"{argument}: ${variable(alias, argument)}" for argument in field.args)
        parts.append(f"{alias and f'{alias}: '}{name}{passed and f'({passed})'} {below}")
    return f"{kind}{heads and f'({heads})'} {{ {' '.join(parts)} }}"


def variable(alias: str, argument: str) -> str:
    """The name of the variable of an argument in `document`."""
    return f"{alias}_{argument}" if alias else argument


def together(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The variables of a `document` that asks for a field once with each of these arguments."""
    return {
        variable(f"a{number}", argument): value
        for number, call in enumerate(calls)
        for argument, value in call.items()
    }


def inputs() -> Mapping[str, GraphQLInputObjectType]:
    """Every mutation that takes an input object, with its type."""
    found = {}
    for name, field in sorted(root("mutation").items()):
        taken = field.args.get("input")
        if taken is not None and isinstance(kind := get_named_type(taken.type), GraphQLInputObjectType):
            found[name] = kind
    return found


def _leaves(
    path: str, taken: GraphQLInputType, wanted: Callable[[str], bool], within: tuple[Any, ...] = ()
) -> Iterator[str]:
    kind = get_named_type(taken)
    if isinstance(kind, GraphQLInputObjectType):
        # A filter takes filters: what holds of a column holds of it inside these.
        for name, field in kind.fields.items() if kind not in within else ():
            yield from _leaves(f"{path}.{name}", field.type, wanted, (*within, kind))
    elif isinstance(kind, GraphQLScalarType) and wanted(kind.name):
        yield path


def _needed(taken: GraphQLInputType) -> bool:
    return isinstance(taken, GraphQLNonNull)


def _value(taken: GraphQLInputType, here: str, path: str, value: str) -> Any:
    kind: Any = taken.of_type if isinstance(taken, GraphQLNonNull) else taken
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type, here, path, value)]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _value(field.type, f"{here}.{name}", path, value)
            for name, field in kind.fields.items()
            if _needed(field.type) or f"{path}.".startswith(f"{here}.{name}.")
        }
    if here == path:
        return {"x": value, value: [value]} if kind.name == "JSON" else value
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if kind.name == "ID":
        return str(uuid4())
    if kind.name == "String":
        # A key begins with a letter.
        word = f"k{uuid4().hex}" if here.endswith("key") else uuid4().hex
        return f"{word}@example.com" if here.endswith("email") else word
    return _NUMBERS[kind.name] if kind.name in _NUMBERS else _GOOD[kind.name]
