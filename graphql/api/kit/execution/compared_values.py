"""What the values cost that the filter of a list compares with, or that a list of others holds: each as much as a
field, and a part of a text, which is looked for in row after row, as much as many."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

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
_OF_A_PART = 50
"""What a part of a text costs: in some thousands of rows it takes the database as long."""


@dataclass(frozen=True)
class Values:
    """What its literals cost, and the variables that hold others.

    A variable stands with the field that it is the value of, if of any, and with what the default costs that the
    operation gives it.
    """

    fixed: int = 0
    variables: tuple[tuple[str, str, int], ...] = ()

    def at(self, variables: Mapping[str, object]) -> int:
        """What they cost with these variables."""
        given = (
            _cost(field, variables[name]) if name in variables else by_default
            for name, field, by_default in self.variables
        )
        return self.fixed + sum(given)


def values_of(field: FieldNode, lists: Collection[str], defaults: Mapping[str, ValueNode | None]) -> Values:
    """The values of the field's filter and of these arguments.

    An empty object or list is one, too: it is read like any other. ``defaults`` are those of the variables.
    """
    fixed, variables = 0, list[tuple[str, str, int]]()
    waiting: list[tuple[str, ValueNode]] = [
        ("", argument.value)
        for argument in field.arguments or ()
        if argument.name.value == _FILTER or argument.name.value in lists
    ]
    while waiting:
        within, value = waiting.pop()
        if isinstance(value, VariableNode):
            default = defaults.get(name := value.name.value)
            cost = 0 if default is None else _cost(within, value_from_ast_untyped(default))
            variables.append((name, within, cost))
        elif isinstance(value, ListValueNode) and value.values:
            waiting += (("", each) for each in value.values)
        elif isinstance(value, ObjectValueNode) and value.fields:
            waiting += ((inner.name.value, inner.value) for inner in value.fields)
        elif not isinstance(value, NullValueNode):
            fixed += _OF_A_PART if within == _PART and isinstance(value, StringValueNode) else 1
    return Values(fixed, tuple(variables))


def _cost(field: str, value: object) -> int:
    found, waiting = 0, [(field, value)]
    while waiting:
        within, each = waiting.pop()
        if isinstance(each, Mapping) and each:
            waiting += each.items()
        elif isinstance(each, list) and each:
            waiting += (("", inner) for inner in each)
        elif each is not None:
            found += _OF_A_PART if within == _PART and isinstance(each, str) else 1
    return found
