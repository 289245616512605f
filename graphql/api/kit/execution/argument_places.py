"""Where the values of variables stand in the arguments of an operation: clients are told there what is wrong."""

import re
from collections.abc import Iterator, Sequence

from graphql import (
    ArgumentNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    Visitor,
    visit,
)

from api.kit.execution.value_messages import VARIABLE

_FIELD = re.compile(r".* to include (?:required|unknown) field '(\w+)'.*", re.DOTALL)


def with_places(
    errors: Sequence[GraphQLError], document: DocumentNode, operation: OperationDefinitionNode
) -> list[GraphQLError]:
    """The errors, of which those about variables say in ``argument`` where the value is wrong, as
    ``input.tags[1]``."""
    places = _places(document, operation)
    return [_placed(error, places) for error in errors]


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
            for variable, place in _within(node.value, node.name.value):
                found.setdefault(variable, place)

    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    for node in (operation, *fragments):
        visit(node, Collect())
    return found


def _within(value: ValueNode, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, VariableNode):
        yield value.name.value, at
    elif isinstance(value, ListValueNode):
        for number, each in enumerate(value.values):
            yield from _within(each, f"{at}[{number}]")
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _within(field.value, f"{at}.{field.name.value}")
