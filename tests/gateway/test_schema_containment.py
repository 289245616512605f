"""What the checker says is held against documents: what may follow a schema takes all of its documents."""

from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs.canonical import Containment as Judgement
from jsonschema_rs.canonical import UnsupportedOperand

from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy, incompatibilities
from domain.gateway.schemas.compiled import CompiledSchema

NAMES = ["a", "b", "c"]
SMALL = st.integers(-2, 3)
SIZES = st.integers(0, 3)

TEXTS = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={"minLength": SIZES, "maxLength": SIZES, "pattern": st.sampled_from(["^a", "b$"])},
)
NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        "minimum": SMALL,
        "maximum": SMALL,
        "exclusiveMinimum": SMALL,
        "exclusiveMaximum": SMALL,
        "multipleOf": st.sampled_from([0.5, 1, 2]),
    },
)
LISTED = st.one_of(
    st.fixed_dictionaries(
        {"enum": st.lists(st.sampled_from(["a", "ab", 1, 2, True, None]), min_size=1, max_size=3)}
    ),
    st.fixed_dictionaries({"const": st.sampled_from(["a", 1, False])}),
    st.fixed_dictionaries(
        {
            "type": st.one_of(
                st.sampled_from(["null", "boolean"]),
                st.just(["string", "null"]),
                st.just(["integer", "array"]),
            )
        }
    ),
)
LEAVES: st.SearchStrategy[Any] = st.one_of(TEXTS, NUMBERS, LISTED, st.booleans(), st.just({}))


def _holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": SIZES,
            "maxItems": SIZES,
            "uniqueItems": st.booleans(),
            "contains": inner,
        },
    )
    objects = st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
            "required": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "c"]), inner, max_size=1),
            "minProperties": SIZES,
            "maxProperties": SIZES,
            "dependentRequired": st.just({"a": ["b"]}),
            "propertyNames": st.just({"maxLength": 1}),
        },
    )
    branches = st.lists(inner, min_size=1, max_size=2)
    joined = st.one_of(
        st.fixed_dictionaries({"anyOf": branches}),
        st.fixed_dictionaries({"oneOf": branches}),
        st.fixed_dictionaries({"allOf": branches}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner}),
        st.fixed_dictionaries({"$ref": st.just("#/$defs/x"), "anyOf": branches}),
        st.just({"$ref": "#/$defs/x"}),
        st.builds(lambda one, other: {**one, "allOf": [other]}, objects, objects),
    )
    return st.one_of(lists, objects, joined)


SCHEMAS: st.SearchStrategy[Any] = st.recursive(LEAVES, _holders, max_leaves=6).filter(
    lambda schema: isinstance(schema, dict)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 4),
        st.sampled_from([0.5, 1.5, "", "a", "ab", "b", "aab", "bbbb"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "d"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two schemas with more in common than two that are drawn at random have."""
    old: dict[str, Any] = draw(SCHEMAS)
    new: dict[str, Any] = draw(
        st.one_of(SCHEMAS, st.builds(lambda other: {**old, **other}, SCHEMAS), st.just(old))
    )
    if draw(st.booleans()):
        new = {"anyOf": [new, draw(SCHEMAS)]}
    names = {"$defs": {"x": draw(LEAVES)}}
    wrapped = draw(st.sampled_from(["", "properties", "items"]))
    if wrapped == "properties":
        old, new = {"properties": {"a": old}}, {"properties": {"a": new}}
    elif wrapped == "items":
        old, new = {"items": old}, {"items": new}
    other = {"$defs": {"x": draw(st.one_of(st.just(names["$defs"]["x"]), LEAVES))}}
    return {**old, **names}, {**new, **other}


def _may_follow(old: dict[str, Any], new: dict[str, Any], policy: CompatibilityPolicy) -> bool:
    return not incompatibilities(new, [(1, old)], CompatibilityMode.BACKWARD, policy)


@settings(max_examples=150, deadline=None)
@given(_pairs(), st.lists(VALUES, min_size=5, max_size=30))
def test_what_may_follow_takes_every_document_of_the_old_schema(
    pair: tuple[dict[str, Any], dict[str, Any]], documents: list[Any]
) -> None:
    old, new = pair
    if _may_follow(old, new, CompatibilityPolicy.STRICT):
        before, after = CompiledSchema(old), CompiledSchema(new)
        assert [
            document for document in documents if not before.check(document) and after.check(document)
        ] == []


@settings(max_examples=150, deadline=None)
@given(_pairs())
def test_a_judge_of_another_kind_finds_no_document_that_is_refused(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """The library's own containment, which answers yes, no or that it does not know."""
    old, new = pair
    if _may_follow(old, new, CompatibilityPolicy.STRICT):
        try:
            judged = jsonschema_rs.canonicalize(new).covers(jsonschema_rs.canonicalize(old))
        except UnsupportedOperand:
            return
        assert judged in (Judgement.YES, Judgement.UNKNOWN)
