"""Each keyword of a schema: what is wider may follow, and of what is narrower the place is told."""

from typing import Any

import pytest

from tests.gateway.versions import between, differing


def _in(schema: dict[str, Any]) -> dict[str, Any]:
    inner = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    whole = {"properties": {"a": {"items": inner}}, "additionalProperties": False}
    return whole | {keyword: schema[keyword] for keyword in schema.keys() & {"$defs"}}


LINE: dict[str, Any] = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
TREE: dict[str, Any] = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}
NAMED_TREE: dict[str, Any] = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "number", "multipleOf": 1}, {"type": "integer"}),
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"enum": ["a"]}, {"enum": ["b", "a"]}),
        ({"enum": ["a", "bb"]}, {"type": "string", "pattern": "^[ab]+$"}),
        ({"enum": [1, "a"], "type": "string"}, {"const": "a"}),
        ({"type": "boolean"}, {"enum": [True, False, None]}),
        ({"type": "integer", "minimum": 2}, {"type": "number", "exclusiveMinimum": 1}),
        ({"type": "integer", "exclusiveMinimum": 1}, {"minimum": 2}),
        ({"type": "number", "multipleOf": 0.1}, {"type": "number", "multipleOf": 0.01}),
        ({"type": "integer"}, {"type": "number", "multipleOf": 0.5}),
        ({"type": "string", "minLength": 2, "maxLength": 3}, {"type": "string", "maxLength": 4}),
        ({"type": "string", "format": "uri"}, {"type": "string", "format": "uri-reference"}),
        ({"type": "string", "pattern": "^a", "format": "email"}, {"pattern": "^a"}),
        ({"type": "array", "maxItems": 1}, {"type": "array", "uniqueItems": True}),
        ({"type": "array", "prefixItems": [{"const": 1}], "items": False}, {"type": "array", "maxItems": 2}),
        (
            {"type": "array", "items": {"const": 1}},
            {"prefixItems": [{"type": "integer"}], "items": {"minimum": 0}},
        ),
        ({"type": "object", "required": ["a", "b"]}, {"minProperties": 2}),
        ({"type": "object", "required": ["a", "b"]}, {"dependentRequired": {"a": ["b"]}}),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, {"maxProperties": 1}),
        (
            {"patternProperties": {"^x": {"type": "integer"}}},
            {"patternProperties": {"^x": {"type": "number"}}},
        ),
        ({"not": {"type": "string"}}, {"not": {"type": "string"}, "title": "No text"}),
        ({"type": "string", "not": {"const": "a"}}, {"type": "string"}),
        ({"if": {"type": "string"}, "then": {"minLength": 1}, "type": "string"}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["null", "string", "integer"]}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ({"oneOf": [{"const": 1}, {"const": "a"}]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": "string"}, {"allOf": [{"type": ["string", "null"]}, {"minLength": 0}]}),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 4}),
        ({"$defs": {"line": LINE}, "items": {"$ref": "#/$defs/line"}}, {"items": LINE}),
        ({"items": LINE}, {"$defs": {"l": LINE}, "items": {"$ref": "#/$defs/l"}}),
        ({**NAMED_TREE, "title": "Tree"}, NAMED_TREE),
        (TREE, NAMED_TREE),
        (NAMED_TREE, TREE),
        ({"unevaluatedProperties": False, "type": "object"}, {"type": "object"}),
        ({"type": "object", "propertyNames": {"maxLength": 3}}, {"propertyNames": {"maxLength": 3}}),
        (
            {"type": "string", "description": "a", "x-owner": 1, "default": ""},
            {"type": "string", "examples": ["a"]},
        ),
        ({"required": ["a", "b"], "enum": [{"a": 1, "b": True}]}, {"enum": [{"b": True, "a": 1}]}),
    ],
)
def test_takes_what_is_wider(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert differing(old, new) == []
    if TREE not in (old, new):
        assert differing(_in(old), _in(new)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"type": "number"}, {"type": "integer"}, ("", "type", True)),
        ({"type": ["string", "null"]}, {"type": "string"}, ("", "type", True)),
        ({}, {"type": "string"}, ("", "type", True)),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, ("", "enum", True)),
        ({"const": True}, {"const": 1}, ("", "enum", True)),
        ({"type": "string"}, {"enum": ["a"]}, ("", "enum", True)),
        ({"type": "integer", "minimum": 1}, {"minimum": 2}, ("", "minimum", True)),
        ({"type": "number", "minimum": 1}, {"type": "number", "exclusiveMinimum": 1}, ("", "minimum", True)),
        ({"type": "integer"}, {"maximum": 10}, ("", "maximum", True)),
        ({"type": "integer"}, {"multipleOf": 2}, ("", "multipleOf", True)),
        ({"type": "string"}, {"minLength": 1}, ("", "minLength", True)),
        ({"type": "string", "maxLength": 5}, {"maxLength": 4}, ("", "maxLength", True)),
        ({"type": "string"}, {"format": "email"}, ("", "format", True)),
        ({"type": "string", "format": "uuid"}, {"format": "email"}, ("", "format", True)),
        ({"type": "string", "format": "email"}, {"maxLength": 254}, ("", "maxLength", False)),
        ({"type": "string"}, {"pattern": "^a"}, ("", "pattern", False)),
        ({"type": "string", "pattern": "^a"}, {"pattern": "^[a]"}, ("", "pattern", False)),
        ({"type": "array"}, {"minItems": 1}, ("", "minItems", True)),
        ({"type": "array"}, {"maxItems": 1}, ("", "maxItems", True)),
        ({"type": "array"}, {"uniqueItems": True}, ("", "uniqueItems", True)),
        ({"type": "array"}, {"type": "array", "items": False}, ("/*", "items", True)),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"items": {"type": "string"}},
            ("/*", "type", True),
        ),
        ({"type": "array"}, {"prefixItems": [{"type": "string"}]}, ("/0", "type", True)),
        ({"type": "array"}, {"contains": {"type": "string"}}, ("", "contains", False)),
        ({"type": "object"}, {"minProperties": 1}, ("", "minProperties", True)),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            ("", "additionalProperties", True),
        ),
        ({"type": "object"}, {"additionalProperties": {"type": "string"}}, ("/*", "type", True)),
        ({"type": "object"}, {"dependentRequired": {"a": ["b"]}}, ("/a", "dependentRequired", True)),
        (
            {"type": "object"},
            {"patternProperties": {"^x": {"type": "string"}}},
            ("", "patternProperties", False),
        ),
        ({"type": "object"}, {"propertyNames": {"maxLength": 3}}, ("", "propertyNames", False)),
        (
            {"type": "object"},
            {"type": "object", "unevaluatedProperties": False},
            ("", "unevaluatedProperties", False),
        ),
        ({"type": "string"}, {"not": {"const": "a"}}, ("", "not", False)),
        ({"type": "string"}, {"if": {"minLength": 1}, "then": {"maxLength": 2}}, ("", "if", False)),
        ({"type": "array"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, ("", "anyOf", True)),
        ({"type": "integer"}, {"anyOf": [{"minimum": 3}, {"maximum": 5}]}, ("", "anyOf", False)),
        ({"type": "integer"}, {"oneOf": [{"type": "number"}, {"type": "integer"}]}, ("", "oneOf", False)),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}, ("", "type", True)),
        (
            {"type": "string", "not": {"minLength": 5}},
            {"type": "string", "maxLength": 4},
            ("", "maxLength", False),
        ),
    ],
)
def test_refuses_what_is_narrower_and_says_where(
    old: dict[str, Any], new: dict[str, Any], told: tuple[str, str, bool]
) -> None:
    assert differing(old, new) == [told]
    path, rule, decided = told
    assert differing(_in(old), _in(new)) == [(f"/a/*{path}", rule, decided)]


def test_tells_every_place() -> None:
    old = {
        "type": "object",
        "properties": {"line": LINE, "note": {"type": "string"}},
        "additionalProperties": False,
    }
    line = {
        "type": "object",
        "properties": {"price": {"type": "integer"}, "sku": {}},
        "required": ["price", "sku"],
    }
    new = {
        "type": "object",
        "properties": {"line": line},
        "required": ["line"],
        "additionalProperties": False,
    }
    assert differing(old, new) == [
        ("/line", "required", True),
        ("/line/sku", "required", True),
        ("/line/price", "type", True),
        ("/note", "additionalProperties", True),
    ]


def test_a_name_with_braces_is_told_as_it_is() -> None:
    [found] = between({"type": "object"}, {"required": ["{w}{x}"]})
    assert found.difference.path == "/{w}{x}"


def test_recursion_is_followed_until_it_comes_back() -> None:
    narrower = {**TREE, "properties": {**TREE["properties"], "name": {"type": "string"}}}
    assert [path for path, _, _ in differing(TREE, narrower)] == ["/name"]
    closed, other = ({**schema, "additionalProperties": False} for schema in (TREE, narrower))
    assert differing(closed, other) == []
    assert [path for path, _, _ in differing(other, closed)] == ["/name"]


def test_says_that_it_cannot_tell_where_there_is_too_much() -> None:
    wide: dict[str, Any] = {
        "anyOf": [{"type": "object", "properties": {f"p{n}": {"type": "string"}}} for n in range(99)]
    }
    nested = {"items": {"anyOf": [{"items": wide}, {"properties": {"a": wide}}]}}
    other = {"items": {"anyOf": [{"items": {**wide, "minProperties": 1}}, {"properties": {"b": wide}}]}}
    assert {found.difference.decided for found in between(nested, other)} == {False}
