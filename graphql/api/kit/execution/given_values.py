"""How much of an operation's variables is to be read, counted before any of it is."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    type_from_ast,
)


def given_values(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, object], most: int
) -> int:
    """The values in the variables that an operation declares, or some number beyond ``most``.

    An input object counts all fields of its type, for each is looked for, and what is in a scalar is not read.
    """
    # Types that wrap others have no type of their own, hence Any.
    waiting: list[tuple[Any, object]] = [
        (type_from_ast(schema, each.type), variables[name])
        for each in operation.variable_definitions or ()
        if (name := each.variable.name.value) in variables
    ]
    found = 0
    while waiting and found + len(waiting) <= most:
        kind, value = waiting.pop()
        found += 1
        kind = get_nullable_type(kind)
        if is_list_type(kind) and isinstance(value, list):
            if len(value) > most:
                return len(value)
            waiting += ((kind.of_type, each) for each in value)
            continue
        while is_list_type(kind):
            kind = get_nullable_type(kind.of_type)
        if is_input_object_type(kind) and isinstance(value, Mapping):
            found += max(len(kind.fields), len(value))
            waiting += ((kind.fields[name].type, each) for name, each in value.items() if name in kind.fields)
    return found + len(waiting)
