"""How many values the filter of a list compares with, or a list of others holds: each costs as much as a field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

_FILTER = "filter"


@dataclass(frozen=True)
class Values:
    """The number of those of its literals, and the variables that hold others.

    A variable stands with how many there are in the default that the operation gives it.
    """

    fixed: int = 0
    variables: tuple[tuple[str, int], ...] = ()

    def at(self, variables: Mapping[str, object]) -> int:
        """Their number with these variables."""
        given = (_leaves(variables[name]) if name in variables else number for name, number in self.variables)
        return self.fixed + sum(given)


def values_of(field: FieldNode, lists: Collection[str], defaults: Mapping[str, ValueNode | None]) -> Values:
    """The values of the field's filter and of these arguments.

    An empty object or list is one, too: it is read like any other. ``defaults`` are those of the variables.
    """
    fixed, variables = 0, list[tuple[str, int]]()
    waiting: list[ValueNode] = [
        argument.value
        for argument in field.arguments or ()
        if argument.name.value == _FILTER or argument.name.value in lists
    ]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            default = defaults.get(name := value.name.value)
            number = 0 if default is None else _leaves(value_from_ast_untyped(default))
            variables.append((name, number))
        elif isinstance(value, ListValueNode) and value.values:
            waiting += value.values
        elif isinstance(value, ObjectValueNode) and value.fields:
            waiting += (inner.value for inner in value.fields)
        elif not isinstance(value, NullValueNode):
            fixed += 1
    return Values(fixed, tuple(variables))


def _leaves(value: object) -> int:
    found, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping) and each:
            waiting += each.values()
        elif isinstance(each, list) and each:
            waiting += each
        else:
            found += each is not None
    return found
