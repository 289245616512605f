"""What the values cost that the filter of a list compares with, or that a list of others holds: each as much as a
field, and a part of a text, which is looked for in row after row, as much as there is to read of each."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    FieldNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

_FILTER = "filter"
_PART = "contains"

_Place: TypeAlias = tuple[str, str]
"""Where a value stands: its operator, behind the column that it compares. Both are empty where there is none."""
_NOWHERE: _Place = ("", "")


def _nothing(_: str) -> int:
    return 1


@dataclass(frozen=True)
class Values:
    """What its literals cost, and the variables that hold others.

    A variable stands with its place, and with what the default costs that the operation gives it.
    """

    fixed: int = 0
    variables: tuple[tuple[str, _Place, int], ...] = ()
    part: Callable[[str], int] = _nothing
    """What a part of the text in a column costs."""

    def at(self, variables: Mapping[str, object]) -> int:
        """What they cost with these variables."""
        given = (
            _cost(place, variables[name], self.part) if name in variables else by_default
            for name, place, by_default in self.variables
        )
        return self.fixed + sum(given)


def values_of(
    field: FieldNode,
    lists: Collection[str],
    defaults: Mapping[str, ValueNode | None],
    part: Callable[[str], int],
) -> Values:
    """The values of the field's filter and of these arguments.

    An empty object or list is one, too: it is read like any other. ``defaults`` are those of the variables, and
    ``part`` says what a part of the text in a column costs.
    """
    fixed, variables = 0, list[tuple[str, _Place, int]]()
    waiting: list[tuple[_Place, ValueNode]] = [
        (_NOWHERE, argument.value)
        for argument in field.arguments or ()
        if argument.name.value == _FILTER or argument.name.value in lists
    ]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, VariableNode):
            default = defaults.get(name := value.name.value)
            cost = 0 if default is None else _cost(place, value_from_ast_untyped(default), part)
            variables.append((name, place, cost))
        elif isinstance(value, ListValueNode) and value.values:
            waiting += ((_NOWHERE, each) for each in value.values)
        elif isinstance(value, ObjectValueNode) and value.fields:
            waiting += (((place[1], inner.name.value), inner.value) for inner in value.fields)
        elif not isinstance(value, NullValueNode):
            column, operator = place
            fixed += part(column) if operator == _PART and isinstance(value, StringValueNode) else 1
    return Values(fixed, tuple(variables), part)


@dataclass(frozen=True, eq=False)
class NamedRows:
    """How many rows a list has at most whose filter names them by their ids."""

    filter: ValueNode
    defaults: Mapping[str, ValueNode | None]

    def at(self, variables: Mapping[str, object]) -> int | None:
        """How many with these variables; None where their ids are not said."""
        said = self.filter
        if isinstance(said, ObjectValueNode):
            id = next((each.value for each in said.fields if each.name.value == "id"), None)
            found = None if id is None else self._value(id, variables)
        else:
            filter = self._value(said, variables)
            found = filter.get("id") if isinstance(filter, Mapping) else None
        if not isinstance(found, Mapping):
            return None
        several = found.get("in")
        return 1 if found.get("eq") is not None else len(several) if isinstance(several, list) else None

    def _value(self, node: ValueNode, variables: Mapping[str, object]) -> object:
        if isinstance(node, VariableNode):
            name = node.name.value
            default = self.defaults.get(name)
            return variables.get(name, None if default is None else value_from_ast_untyped(default))
        if isinstance(node, ObjectValueNode):
            return {each.name.value: self._value(each.value, variables) for each in node.fields}
        return [None] * len(node.values) if isinstance(node, ListValueNode) else value_from_ast_untyped(node)


def rows_named(field: FieldNode, defaults: Mapping[str, ValueNode | None]) -> NamedRows | None:
    """The rows that the field's filter may name; None where it has none."""
    given = (each.value for each in field.arguments or () if each.name.value == _FILTER)
    return next((NamedRows(filter, dict(defaults)) for filter in given), None)


def _cost(place: _Place, value: object, part: Callable[[str], int]) -> int:
    found, waiting = 0, [(place, value)]
    while waiting:
        (column, operator), each = waiting.pop()
        if isinstance(each, Mapping) and each:
            waiting += (((operator, str(name)), inner) for name, inner in each.items())
        elif isinstance(each, list) and each:
            waiting += ((_NOWHERE, inner) for inner in each)
        elif each is not None:
            found += part(column) if operator == _PART and isinstance(each, str) else 1
    return found
