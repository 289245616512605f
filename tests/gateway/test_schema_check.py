"""Documents are checked by their schema: each place that is wrong is told, and nothing that is sent does harm."""

from typing import Any

import pytest

from domain.gateway.schemas.compiled import LISTED, CompiledSchema, CompiledSchemas
from domain.gateway.schemas.violation_texts import SchemaViolation
from domain.kit.refusals import MOST, ViolationCode

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["orderId", "items"],
    "additionalProperties": False,
    "properties": {
        "orderId": {"type": "string", "format": "uuid"},
        "placedAt": {"type": "string", "format": "date-time"},
        "email": {"type": "string", "format": "email"},
        "currency": {"enum": ["EUR", "USD"]},
        "items": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["price"],
                "properties": {"price": {"type": "number", "exclusiveMinimum": 0}, "a/b": {"type": "string"}},
            },
        },
    },
}
GOOD = {"orderId": "7f3c2b1a-0000-4000-8000-000000000001", "items": [{"price": 1}]}


def _check(schema: dict[str, Any], document: Any) -> list[tuple[str, str, ViolationCode]]:
    return [(found.path, found.rule, found.code) for found in CompiledSchema(schema).check(document)]


def test_a_document_that_keeps_to_its_schema_has_no_violation() -> None:
    assert CompiledSchema(ORDER).check(GOOD) == []


def test_every_wrong_place_is_told_at_once() -> None:
    document = {
        "orderId": "not",
        "currency": "XXX",
        "items": [{"price": 1}, {"price": 0, "a/b": 1}, {}],
        "colour": "red",
    }
    assert sorted(_check(ORDER, document)) == [
        ("/colour", "additionalProperties", ViolationCode.UNSUITABLE),
        ("/currency", "enum", ViolationCode.UNSUITABLE),
        ("/items/1/a~1b", "type", ViolationCode.FORMAT),
        ("/items/1/price", "exclusiveMinimum", ViolationCode.TOO_SMALL),
        ("/items/2/price", "required", ViolationCode.REQUIRED),
        ("/orderId", "format", ViolationCode.FORMAT),
    ]


def test_a_violation_says_the_limit_as_data_and_in_words() -> None:
    schema = CompiledSchema({"type": "string", "maxLength": 3})
    assert schema.check("four") == [
        SchemaViolation(
            (), "maxLength", ViolationCode.TOO_LONG, "The text must have at most 3 characters.", maximum=3
        )
    ]
    [found] = CompiledSchema({"enum": ["EUR", "USD"]}).check("SEK")
    assert found.allowed == ("EUR", "USD")


def test_no_violation_repeats_what_the_document_holds() -> None:
    secret = "anna@example.com"
    schemas: list[dict[str, Any]] = [
        {"type": "integer"},
        {"type": "string", "format": "uuid", "maxLength": 3, "pattern": "^x$", "enum": ["x"], "const": "y"},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"not": {"type": "string"}},
    ]
    found = [violation for schema in schemas for violation in CompiledSchema(schema).check(secret)]
    assert len(found) == 8
    assert secret not in repr(found)


@pytest.mark.parametrize(
    ("format", "good", "bad"),
    [
        ("uuid", "7F3C2B1A-0000-4000-8000-000000000001", "7f3c2b1a000040008000000000000001"),
        ("uuid", "7f3c2b1a-0000-4000-8000-000000000001", "{7f3c2b1a-0000-4000-8000-000000000001}"),
        ("date-time", "2026-11-30T12:00:00Z", "2026-11-30T12:00:00"),
        ("date-time", "2026-11-30T12:00:00.123456789+05:30", "2026-11-30 12:00:00Z"),
        ("date-time", "2016-12-31T23:59:60Z", "2016-12-31T12:00:60Z"),
        ("date-time", "9999-12-31T23:59:59Z", "10013-01-01T00:00:00Z"),
        ("date", "2028-02-29", "2027-02-29"),
        ("email", "anna@example.com", "Anna <anna@example.com>"),
        ("email", "anna@example.com", "anna@[127.0.0.1]"),
    ],
)
def test_formats_are_checked(format: str, good: str, bad: str) -> None:
    schema = CompiledSchema({"format": format})
    assert schema.check(good) == []
    assert [found.rule for found in schema.check(bad)] == ["format"]


def test_a_whole_number_may_be_written_with_a_fraction() -> None:
    assert _check({"type": "integer"}, 1.0) == []
    assert [rule for _, rule, _ in _check({"type": "integer"}, 1.5)] == ["type"]


@pytest.mark.parametrize(
    "strange", ["\ud800", {"a": "\udfff"}, {"\ud800": 1}, {1: 2}, object(), {"a": {1, 2j}}]
)
@pytest.mark.parametrize("schema", [{}, {"type": "string"}, {"additionalProperties": {"type": "string"}}])
def test_what_is_no_json_is_a_violation_and_raises_nothing(strange: Any, schema: dict[str, Any]) -> None:
    assert _check(schema, strange)[0][2] is ViolationCode.FORMAT


@pytest.mark.parametrize("deep", [101, 5_000, 300_000])
def test_a_document_nested_too_deep_is_a_violation_and_raises_nothing(deep: int) -> None:
    tree = {"properties": {"child": {"$ref": "#"}}}
    document: dict[str, Any] = {}
    for _ in range(deep):
        document = {"child": document}
    assert _check(tree, document) == [("", "", ViolationCode.TOO_DEEP)]


def test_a_document_of_a_hundred_levels_is_checked() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    document: Any = 1
    for _ in range(99):
        document = {"child": document}
    assert _check(tree, document) == [("/child" * 99, "type", ViolationCode.FORMAT)]


def test_so_many_violations_are_told_and_of_a_large_document_one() -> None:
    schema = {"items": {"type": "string"}}
    assert len(_check(schema, [0] * 1_000)) == MOST
    assert len(_check(schema, [0] * LISTED)) == 1


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)*b", "^(\\w+\\s?)*$", "a{0,200}a{200}"]
)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    assert CompiledSchema({"pattern": pattern}).check("a" * 50_000 + "!") is not None


def test_schemas_are_compiled_once_and_as_many_are_kept_as_fit() -> None:
    schemas = CompiledSchemas(held=100_000)
    first = schemas.get({"type": "string", "maxLength": 3})
    assert schemas.get({"maxLength": 3.0, "type": "string"}) is first
    for length in range(100):
        assert schemas.get({"minLength": length}).check("") == [] or length > 0
    assert 0 < len(schemas) < 25
    assert schemas.get({"maxLength": 3, "type": "string"}) is not first


def test_a_schema_larger_than_all_that_is_kept_is_used_all_the_same() -> None:
    schemas = CompiledSchemas(held=1)
    assert schemas.get({"type": "string"}).check("a") == []
    assert len(schemas) == 0
