"""Work that somebody may cause with little: it ends soon, or is refused before it begins."""

import copy
from collections.abc import AsyncIterator, Callable

import pytest

from api.kit.http.json_text import NotJson, decoded, first_members
from app.batches import batches
from app.gateway.cloud_bodies import read_cloud_text
from app.gateway.pulls.http_pages import json_in
from domain.gateway.bodies import (
    MOST_VALUES,
    TOO_LARGE,
    NotEvents,
    TooManyInBody,
    TooManyValues,
    read_body,
    read_json,
)
from domain.gateway.envelope import read_event
from domain.gateway.outcomes import LARGEST_EVENT, MOST_EVENTS, EventForm
from domain.gateway.schemas.compatibility import CompatibilityMode, CompatibilityPolicy, incompatibilities
from domain.gateway.schemas.compiled import CompiledSchema
from domain.gateway.schemas.patterns import states
from domain.kit.refusals import MOST, ViolationCode
from domain.kit.scenario import NOON

NAMES = [f"k{number}" for number in range(200_000)]


def repeating() -> str:
    """An object of many names, the last of them twice: a search for each among all would take an hour."""
    members = ",".join(f'"{name}":1' for name in [*NAMES, NAMES[-1]])
    return f"{{{members}}}"


def test_a_name_that_comes_twice_is_found_at_once_among_many() -> None:
    with pytest.raises(NotJson, match=NAMES[-1]):
        decoded(repeating())
    (found,), _ = read_body(repeating().encode())
    assert found.unreadable is not None


def test_what_a_broken_object_says_is_read_in_one_pass() -> None:
    text = repeating()[:-1] + ',"x":}'
    assert len(first_members(text)) == len(NAMES) - 1


@pytest.mark.parametrize(
    ("read", "begun"), [(read_body, "[" * 20_001), (json_in, '[{"a":')], ids=["sent", "pulled"]
)
def test_a_text_that_does_not_end_is_read_in_one_pass(read: Callable[[bytes], object], begun: str) -> None:
    with pytest.raises(NotEvents):
        read((begun + '"' + '\\"' * 1_000_000).encode())


@pytest.mark.parametrize("more", ["x" * LARGEST_EVENT, "{" * MOST_VALUES], ids=["long", "wide"])
def test_a_cloud_event_that_is_corrected_has_its_size(more: str) -> None:
    found = read_cloud_text(f'{{"a": "b"}}{more}', NOON)
    assert (found.unreadable, found.form) == (TOO_LARGE, EventForm.CLOUD_EVENT)


def test_no_more_of_a_list_is_read_than_is_taken() -> None:
    some = b"[" + b"{}," * MOST_EVENTS
    assert len(read_body(some[:-1] + b"]")[0]) == MOST_EVENTS
    with pytest.raises(TooManyInBody):
        # What comes afterwards is not even JSON.
        read_body(some + b"{}, ! " * 1_000)


def test_of_too_many_values_none_is_read() -> None:
    many = b"[" + b"{}," * (MOST_VALUES // 2) + b"{}]"
    (found,), _ = read_body(b'{"data": %b}' % many)
    assert (found.value, found.unreadable and found.unreadable.rule) == (None, "size")
    for text in (many, b"[" + many + b"]"):
        with pytest.raises(TooManyValues):
            read_body(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('["' + "," * MOST_VALUES + '{}"]', None),
        ('["' + '\\"' * MOST_VALUES + "," * MOST_VALUES + '"]', None),
        ('["' + '\\"' * MOST_VALUES + "," * MOST_VALUES, NotEvents),
        ('"' * MOST_VALUES + "," * MOST_VALUES * 2, NotEvents),
    ],
    ids=["in a text", "after quotes", "without an end", "quotes"],
)
def test_what_stands_in_texts_is_no_value(text: str, error: type[Exception] | None) -> None:
    if error is None:
        assert len(read_json(text)) == 1
    else:
        with pytest.raises((error, TooManyValues)):
            read_json(text)


async def test_no_more_is_taken_together_than_weighs_so_much() -> None:
    async def items() -> AsyncIterator[bytes]:
        for length in (1, 2, 9, 1, 1, 1, 1):
            yield b"x" * length

    found = [[len(each) for each in batch] async for batch in batches(items(), 3, weight=len, most=4)]
    assert found == [[1, 2, 9], [1, 1, 1], [1]]
    found = [[len(each) for each in batch] async for batch in batches(items(), 9, weight=len, most=4)]
    assert found == [[1, 2, 9], [1, 1, 1, 1]]


def test_of_many_unknown_members_so_many_are_told() -> None:
    strange = dict.fromkeys(NAMES[:5_000], 1)
    for value in (strange, {**strange, "data": strange}):
        found = read_event(value, NOON)
        assert isinstance(found, list)
        assert len(found) == MOST


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("^a{2,}b?$", 6),
        ("(?:[ab]{1,400}){1,9}c", 3_610),
        ("[0-9a-f]{8}", 8),
        (r"\p{L}\x{1F600}\d", 6),
        ("[[:alpha:]x]{3}", 3),
        (".{16}", 64),
        ("(a|b{3}){5}", 20),
        ("a{x}", 4),
    ],
)
def test_states_are_counted_as_often_as_they_are_repeated(pattern: str, count: int) -> None:
    assert states(pattern) == count


def test_patterns_of_many_states_are_tried_on_what_they_can_be_tried_on_soon() -> None:
    patterns = [{"pattern": f"(?:[ab]{{1,{400 - number}}}){{1,9}}c"} for number in range(20)]
    schema = CompiledSchema({"properties": {"a": {"anyOf": patterns}}})
    assert schema.check({"a": "abc"}) == []
    (violation,) = schema.check({"a": "ab" * 30_000})
    assert (violation.rule, violation.code) == ("pattern", ViolationCode.TOO_LARGE)


def test_a_pattern_that_is_referred_to_counts_each_time() -> None:
    heavy = {"p": {"pattern": "(?:[ab]{1,100}){1,9}c"}}
    once, often = [
        CompiledSchema({"$defs": heavy, "allOf": [{"$ref": "#/$defs/p"}] * times}) for times in (1, 100)
    ]
    text = "ab" * 10_000 + "c"
    assert once.check(text) == []
    assert often.check(text) != []


def test_what_is_said_around_alternatives_is_compared() -> None:
    inner = {"type": "object", "anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]}
    open_one = {"type": "object", "properties": {"payload": inner}}
    closed = copy.deepcopy(open_one)
    closed["properties"]["payload"]["unevaluatedProperties"] = False  # type: ignore[index]
    by = CompatibilityMode.BACKWARD, CompatibilityPolicy.STRICT
    assert CompiledSchema(closed).check({"payload": {"b": 1}}) != []
    (found,) = incompatibilities(closed, [(1, open_one)], *by)
    assert (found.difference.rule, found.difference.decided) == ("unevaluatedProperties", False)
    assert incompatibilities(closed, [(1, closed)], *by) == []


def test_a_number_is_divided_so_often_and_no_more() -> None:
    schema = CompiledSchema({"items": {"allOf": [{"multipleOf": 0.01}] * 40}})
    assert schema.check([1.25] * 500) == []
    (found,) = schema.check([1e300] * 8_000)
    assert (found.code, found.maximum) == (ViolationCode.TOO_LARGE, 500)
    assert CompiledSchema({"items": {"multipleOf": 0.01}}).check([1.25] * 8_000) == []


def test_so_many_values_meet_so_many_schemas_and_no_more() -> None:
    schema = CompiledSchema({"items": {"allOf": [{"type": "integer"}] * 1_900}})
    assert schema.check([1] * 5_000) == []
    (found,) = schema.check([1] * 30_000)
    assert (found.code, found.maximum) == (ViolationCode.TOO_LARGE, 5_257)


def test_steps_of_hundreds_of_digits_count_as_several() -> None:
    assert CompiledSchema({"items": {"multipleOf": 0.25}}).check([1.25] * 8_000) == []
    (found,) = CompiledSchema({"items": {"multipleOf": 1e-300}}).check([1e300] * 8_000)
    assert (found.code, found.maximum) == (ViolationCode.TOO_LARGE, 5_000)


def test_properties_of_other_names_cost_a_value_nothing() -> None:
    properties = {f"p{number}": {"type": "number"} for number in range(400)}
    schema = CompiledSchema({"properties": {**properties, "list": {"items": {"type": "integer"}}}})
    assert schema.check({"list": [1] * 30_000}) == []
