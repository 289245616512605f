"""A schema that reads files, calls hosts, never ends or says what nothing here understands is refused."""

from typing import Any

import pytest

from domain.gateway.schemas.compiled import CompiledSchema
from domain.gateway.schemas.schema_rules import LARGEST, schema_violations
from domain.kit.refusals import Invalid, Path, ViolationCode


def _paths(schema: dict[str, Any]) -> list[Path]:
    return [found.path for found in schema_violations(schema)]


def _nested(levels: int, keyword: str = "not") -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {keyword: schema}
    return schema


@pytest.mark.parametrize(
    "ref",
    [
        "http://127.0.0.1:1/schema.json",
        "https://example.com/schema.json",
        "file:///etc/passwd",
        "other.json",
        "//example.com/x",
        "#/properties/a",
        "#/$defs/a/properties/b",
        "#/$defs/%61",
        "#anchor",
        "",
        "https://json-schema.org/draft/2020-12/schema",
        7,
    ],
)
def test_refers_to_nothing_but_its_own_definitions(ref: object) -> None:
    assert _paths({"$defs": {"a": {}}, "properties": {"b": {"$ref": ref}}}) == [("properties", "b", "$ref")]


def test_refers_to_what_it_defines() -> None:
    schema = {
        "$id": "https://example.com/a",
        "$defs": {"a.b-C_1": {"type": "string"}},
        "$ref": "#/$defs/a.b-C_1",
    }
    assert _paths(schema) == []
    assert [found.rule for found in CompiledSchema(schema).check(1)] == ["type"]


def test_refuses_a_reference_to_what_is_not_defined() -> None:
    assert _paths({"$ref": "#/$defs/a"}) == [("$ref",)]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"propertes": {}}, ("propertes",)),
        ({"items": {"requierd": []}}, ("items", "requierd")),
        ({"definitions": {}}, ("definitions",)),
        ({"$dynamicRef": "#a"}, ("$dynamicRef",)),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",)),
        ({"items": {"$id": "https://example.com/"}}, ("items", "$id")),
        ({"format": "credit-card"}, ("format",)),
        ({"properties": {"a": {"format": "regex"}}}, ("properties", "a", "format")),
        ({"properties": {"a": 1}}, ("properties", "a")),
        ({"allOf": [{}, 2]}, ("allOf", 1)),
        ({"properties": []}, ("properties",)),
        ({"type": "text"}, ("type",)),
        ({"minLength": -1}, ("minLength",)),
        ({"required": "a"}, ("required",)),
        ({"properties": {"a": {"pattern": "(?=a)b"}}}, ("properties", "a", "pattern")),
        ({"pattern": "(a)\\1"}, ("pattern",)),
        ({"pattern": "(?:a{1000}){1000}"}, ("pattern",)),
        ({"pattern": "a" * 501}, ("pattern",)),
        ({"patternProperties": {"(?<!x)a": {}}}, ("patternProperties", "(?<!x)a")),
        ({"const": "\0"}, ("const",)),
        ({"maximum": 1e300}, ("maximum",)),
    ],
)
def test_refuses_what_it_does_not_understand_and_says_where(schema: dict[str, Any], path: Path) -> None:
    assert _paths(schema) == [path]


def test_takes_notes_and_keywords_of_ones_own() -> None:
    assert _paths({"title": "Order", "x-owner": "sales", "default": {"$ref": "file:///a", "nope": 1}}) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"const": "a" * LARGEST},
        {"pattern": "\ud800"},
        {"const": {1, 2}},
        _nested(40),
        _nested(5_000),
        {"properties": {f"p{number}": {"pattern": f"a{number}"} for number in range(51)}},
        {"const": _nested(101)},
        {"$ref": "#"},
        {
            "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#"}},
        },
    ],
)
def test_is_bounded(schema: dict[str, Any]) -> None:
    assert len(schema_violations(schema)) >= 1


def test_refuses_references_that_multiply() -> None:
    doubled = {f"d{step}": {"allOf": [{"$ref": f"#/$defs/d{step + 1}"}] * 2} for step in range(40)}
    [found, *_] = schema_violations({"$defs": {**doubled, "d40": {}}, "$ref": "#/$defs/d0"})
    assert found.code is ViolationCode.TOO_LARGE


def test_refuses_references_that_go_through_a_thousand_definitions() -> None:
    chain = {f"d{step}": {"not": {"$ref": f"#/$defs/d{step + 1}"}} for step in range(1_200)}
    [found, *_] = schema_violations({"$defs": {**chain, "d1200": {}}, "$ref": "#/$defs/d0"})
    assert found.code is ViolationCode.TOO_DEEP


def test_refuses_recursion_that_doubles_with_each_level_of_a_document() -> None:
    twice = {"properties": {"a": {"$ref": "#"}}}
    assert _paths({"allOf": [twice, twice]}) == [()]
    assert _paths({"properties": {"a": {"$ref": "#"}}, "patternProperties": {"^a": {"$ref": "#"}}}) == [()]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        {"properties": {"replies": {"type": "array", "items": {"$ref": "#"}}}},
        {"properties": {"parent": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}},
        {"anyOf": [{"type": "string"}, {"items": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]},
    ],
)
def test_takes_trees(schema: dict[str, Any]) -> None:
    assert _paths(schema) == []


def test_refuses_with_every_place_that_is_wrong() -> None:
    with pytest.raises(Invalid) as refused:
        CompiledSchema({"properties": {"a": {"format": "x"}, "b": {"$ref": "file:///etc/passwd"}}})
    assert [found.path for found in refused.value.violations] == [
        ("schema", "properties", "a", "format"),
        ("schema", "properties", "b", "$ref"),
    ]
