"""Ids in the schema: all are of GraphQL's own type, by which clients know what identifies an object."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_introspection_type,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from api.schema import schema
from tests.schema.published import published

NAMES_AN_OBJECT = re.compile(r"^ids?$|[a-z]Ids?$")
NAMES_NONE = {
    "correlationId": "a text under which a request is logged; callers may choose it",
    "paymentId": "what a payment provider calls a payment",
    "providerWebhookId": "what a payment provider calls the webhook that it sends from",
    "refundId": "what a payment provider calls a refund",
    "aggregateId": "the name of a stream, with the type of what it is about",
}
"""What is called an id and is none of an object."""
ID = "018f0000-0000-7000-8000-00000000000a"


def _named() -> Iterator[tuple[str, str, str]]:
    """Every field, argument and input field: where, called how, of which type."""
    for kind in published().type_map.values():
        if is_introspection_type(kind):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", name, get_named_type(field.type).name
                for argument, taken in field.args.items():
                    where = f"{kind.name}.{name}({argument})"
                    yield where, argument, get_named_type(taken.type).name
        elif isinstance(kind, GraphQLInputObjectType):
            for name, given in kind.fields.items():
                yield f"{kind.name}.{name}", name, get_named_type(given.type).name


def test_whatever_names_an_object_is_an_id() -> None:
    named = [(where, name, kind) for where, name, kind in _named() if NAMES_AN_OBJECT.search(name)]
    assert len(named) > 200
    ids = ("ID", "IdFilter")
    assert [where for where, name, kind in named if kind not in ids and name not in NAMES_NONE] == []
    assert {name for _, name, _ in named} >= {*NAMES_NONE}


def test_the_schema_has_no_id_type_of_its_own() -> None:
    assert "scalar ID" not in schema.as_str()
    assert "UUID" not in published().type_map


def _coerced(value: object) -> object:
    document = parse("query ($id: ID!) { task(id: $id) { id } }")
    assert validate(schema._schema, document) == []
    (operation,) = document.definitions
    found = get_variable_values(schema._schema, operation.variable_definitions, {"id": value})  # type: ignore[attr-defined]
    if isinstance(found, list):
        (error,) = found
        raise error
    return found.coerced["id"]


def test_reads_an_id_in_capitals_as_the_same() -> None:
    assert _coerced(ID) == _coerced(ID.upper()) == UUID(ID)


@pytest.mark.parametrize(
    "value", ["", "7", 7, True, ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f" {ID}", [ID], {}]
)
def test_refuses_what_is_no_uuid_in_a_sentence_of_ours(value: object) -> None:
    with pytest.raises(GraphQLError, match=r"An id is a UUID as 018f0000-0000-7000-8000-000000000000\."):
        _coerced(value)


def test_refuses_a_number_written_in_the_document() -> None:
    (error,) = validate(schema._schema, parse("{ task(id: 7) { id } }"))
    assert "An id is a UUID as" in error.message
