"""Where the values of variables stand in the arguments of an operation: clients are told there what is wrong."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    type_from_ast,
    visit,
)

from api.kit.execution.errors import bad_argument
from api.kit.execution.value_messages import VARIABLE

_FIELD = re.compile(r".* to include (?:required|unknown) field '(\w+)'.*", re.DOTALL)


def with_places(
    errors: Sequence[GraphQLError], document: DocumentNode, operation: OperationDefinitionNode
) -> list[GraphQLError]:
    """The errors, of which those about variables say in ``argument`` where the value is wrong, as
    ``input.tags[1]``."""
    places = _places(document, operation)
    return [_placed(error, places) for error in errors]


def one_of_fault(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> GraphQLError | None:
    """The error for the first value of a variable that says not exactly one of an input's fields, of which one is
    to be said: strawberry finds that, and says not where."""
    # Types that wrap others have no type of their own, hence Any.
    waiting: list[tuple[Any, object, str, str]] = [
        (type_from_ast(schema, each.type), variables[name], name, "")
        for each in reversed(operation.variable_definitions or ())
        if (name := each.variable.name.value) in variables
    ]
    while waiting:
        kind, value, name, path = waiting.pop()
        kind = get_nullable_type(kind)
        if is_list_type(kind) and isinstance(value, list):
            waiting += reversed(
                [(kind.of_type, each, name, f"{path}[{at}]") for at, each in enumerate(value)]
            )
            continue
        kind = get_named_type(kind)
        if not (is_input_object_type(kind) and isinstance(value, Mapping)):
            continue
        declared = kind.extensions.get("strawberry-definition")
        if getattr(declared, "is_one_of", False) and (len(value) != 1 or None in value.values()):
            said = f"{kind.name} takes exactly one of its fields, and no null."
            at = f" at {path}" if path else ""
            return GraphQLError(f"Variable '${name}' has invalid value{at}: {said}")
        known = [(each, held) for each, held in value.items() if each in kind.fields]
        waiting += [(kind.fields[each].type, held, name, f"{path}.{each}") for each, held in reversed(known)]
    return None


def _placed(error: GraphQLError, places: dict[str, str]) -> GraphQLError:
    found = VARIABLE.fullmatch(error.message)
    if found is None or found[2] not in places:
        return error
    _, variable, path, said = found.groups()
    place = places[variable] + (path or "")
    if (field := _FIELD.fullmatch(said)) is not None:
        place += f".{field[1]}"
    return GraphQLError(error.message, error.nodes, extensions={"argument": place})


def _places(document: DocumentNode, operation: OperationDefinitionNode) -> dict[str, str]:
    """Where an operation takes each variable first, in its own fields rather than in a fragment."""
    found: dict[str, str] = {}

    class Collect(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: object) -> None:
            for value, place in _within(node.value, node.name.value):
                if isinstance(value, VariableNode):
                    found.setdefault(value.name.value, place)

    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    for node in (operation, *fragments):
        visit(node, Collect())
    return found


def require_storable(document: DocumentNode) -> None:
    """Raise ClientError for a text with U+0000, which Postgres cannot store."""

    class Find(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: object) -> None:
            for value, place in _within(node.value, node.name.value):
                if isinstance(value, StringValueNode) and "\0" in value.value:
                    raise bad_argument("A text must not contain the character U+0000.", place)

        def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
            if node.default_value is not None:
                self.enter_argument(ArgumentNode(name=node.variable.name, value=node.default_value))

    visit(document, Find())


def _within(value: ValueNode, at: str) -> Iterator[tuple[ValueNode, str]]:
    """The values that hold no others, each with its place."""
    if isinstance(value, ListValueNode):
        for number, each in enumerate(value.values):
            yield from _within(each, f"{at}[{number}]")
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _within(field.value, f"{at}.{field.name.value}")
    else:
        yield value, at
