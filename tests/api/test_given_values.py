"""What variables hold is counted before it is read."""

from typing import Any

import pytest
from graphql import (
    OperationDefinitionNode,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    parse,
)

from api.kit.execution.given_values import given_values
from api.kit.execution.limits import Limits
from api.schema import schema

SCHEMA = schema._schema
LIMITS = Limits()
LISTS = sorted(
    (kind.name, name)
    for kind in SCHEMA.type_map.values()
    if is_input_object_type(kind)
    for name, field in kind.fields.items()
    if is_list_type(get_nullable_type(field.type))
)
ITEM = {"productId": "00000000-0000-4000-8000-000000000000", "quantity": 1}
FIELD = {"member": "payload.a", "column": "a", "value": None, "kind": "TEXT"}
MOST: dict[str, tuple[str, Any]] = {
    "commands": (
        "[CommandEntryInput!]!",
        [{"command": {"placeOrder": {"items": [ITEM] * 100, "note": "n"}}, "commandId": "c"}] * 100,
    ),
    "events": ("IngestEventsInput!", {"sourceId": "s", "events": [{"payload": {"a": [1] * 50}}] * 1_000}),
    "fields": ("ProposeImportInput!", {"fields": [FIELD] * 200}),
    "values": ("ConnectorFilter", {"or": [{"status": {"in": ["x"] * 100}}] * 50}),
}


def found(kind: str, value: object) -> int:
    """The values of a variable of this type."""
    operation = parse(f"query($v: {kind}) {{ __typename }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return given_values(SCHEMA, operation, {"v": value}, LIMITS.values)


def test_a_list_as_long_as_a_body_may_be_is_too_much_wherever_one_is_taken() -> None:
    assert len(LISTS) > 50
    for kind, name in LISTS:
        assert found(kind, {name: [{}] * (LIMITS.body_bytes // 3)}) > LIMITS.values, (kind, name)


def test_an_empty_object_counts_what_is_looked_for_in_it() -> None:
    fields = len(SCHEMA.type_map["TaskFilter"].fields)  # type: ignore[attr-defined]
    assert found("TaskFilter", {}) == 1 + fields
    assert found("TaskFilter", {"or": [{}] * 10}) == 2 + fields + 10 * (1 + fields)
    # A lone entry is a list, too.
    assert found("TaskFilter", {"or": {}}) == found("TaskFilter", {"or": [{}]}) - 1


@pytest.mark.parametrize(("kind", "value"), MOST.values(), ids=MOST.keys())
def test_the_largest_of_what_may_be_sent_is_not_too_much(kind: str, value: object) -> None:
    assert found(kind, value) <= LIMITS.values
