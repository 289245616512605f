"""What a client is told of a value that does not fit: in words of the API, with nothing of Python."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    OperationDefinitionNode,
    ValuesOfCorrectTypeRule,
    is_input_type,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from api.kit.execution.errors import RequestError
from api.schema import schema
from tests.schema.test_scalars import NASTY

SCHEMA = schema._schema
PYTHON = re.compile(
    r"Traceback|isoformat|\w\(\)|datetime|<\w+|\bNone\b|\bTrue\b|\bFalse\b|object at|encountered|invalid literal|"
    r"badly formed|codec|\bint\b|\bstr\b|\bdict\b|found: |Undefined"
)
SAID: list[tuple[str, str, str]] = [
    ("DateTime", '"nonsense"', "An instant is a text as 2030-01-31T12:00:00Z."),
    ("Date", "5", "A day is a text as 2030-01-31."),
    ("ID", '"x"', "An id is a UUID as 018f0000-0000-7000-8000-000000000000."),
    ("Position", '"x"', "A position is a whole number from 0 to 9223372036854775807."),
    ("Int", '"x"', "Int cannot represent non-integer value."),
    ("String", "5", "String cannot represent a non string value."),
    ("Boolean", "{a: true}", "Boolean cannot represent a non boolean value."),
    ("TaskStatus", "5", "Enum 'TaskStatus' cannot represent non-enum value."),
    (
        "TaskStatus",
        "TODOO",
        "Value 'TODOO' does not exist in 'TaskStatus' enum. Did you mean the enum value 'TODO'?",
    ),
    ("CompleteTaskInput", "5", "Expected value of type 'CompleteTaskInput' to be an object."),
    ("CompleteTaskInput", "{}", "Expected value of type 'CompleteTaskInput' to include required field 'id'."),
    ("ID!", "null", "Expected value of non-null type 'ID!' not to be null."),
]


def kinds() -> Iterator[str]:
    """Every type that a client gives values of, and the modifiers of one."""
    yield from sorted(
        name for name, kind in SCHEMA.type_map.items() if is_input_type(kind) and name[:2] != "__"
    )
    yield from ("ID!", "[ID!]!", "[TaskStatus!]", "[DateTime!]!")


def of_variable(kind: str, *values: Any) -> list[str]:
    """What is said of the values of variables."""
    declared = " ".join(f"$v{number}: {kind}" for number in range(len(values)))
    operation = parse(f"query({declared}) {{ __typename }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    given = {f"v{number}": value for number, value in enumerate(values)}
    found = get_variable_values(SCHEMA, operation.variable_definitions or (), given)
    return said(found) if isinstance(found, list) else []


def of_literal(kind: str, *literals: str) -> list[str]:
    """What is said of literals, here the defaults of variables."""
    declared = " ".join(f"$v{number}: {kind} = {literal}" for number, literal in enumerate(literals))
    document = parse(f"query({declared}) {{ __typename }}")
    return said(validate(SCHEMA, document, [ValuesOfCorrectTypeRule], max_errors=None))


def said(errors: list[Any]) -> list[str]:
    """The messages that a client reads."""
    return (
        [error["message"] for error in RequestError.of_document(errors, "BAD_USER_INPUT").errors]
        if errors
        else []
    )


@pytest.mark.parametrize("kind", list(kinds()))
def test_nothing_of_python_is_told(kind: str) -> None:
    texts = (value for value in NASTY if isinstance(value, str) and value.isprintable() and value.isascii())
    literals = ("5", "1.5", "true", "null", "NOTHING", "{}", "{nothing: 1}", "[{}]")
    told = of_variable(kind, *NASTY) + of_literal(kind, *(f'"{text}"' for text in texts), *literals)
    assert kind == "JSON" or told
    # What stands in quotes is what was sent.
    assert [text for text in told if PYTHON.search(re.sub("'[^']*'", "", text))] == []


@pytest.mark.parametrize(("kind", "literal", "expected"), SAID, ids=lambda value: value[:20])
def test_a_value_is_refused_in_the_words_of_its_type(kind: str, literal: str, expected: str) -> None:
    assert expected in of_literal(kind, literal)


def test_of_a_variable_it_is_said_where_it_is_wrong() -> None:
    assert of_variable("CreateTaskInput", {"title": "x", "dueDate": "nonsense"}) == [
        "Variable '$v0' has invalid value at .dueDate: An instant is a text as 2030-01-31T12:00:00Z."
    ]
    assert of_variable("CreateTaskInput", {"title": "x", "found: ": None}) == [
        "Variable '$v0' has invalid value: Expected value of type 'CreateTaskInput' not to include unknown field "
        "'found: '."
    ]
