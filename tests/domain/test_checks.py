"""Checks: each kind of limit, at its edges, wherever in a field it stands."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from domain.kit.bus.checks import check
from domain.kit.clock import TimeOrderedIds
from domain.kit.fields import Confidential, Describe, Interval, Len, Pattern
from domain.kit.refusals import Invalid, Violation, ViolationCode
from domain.kit.text import ONE_LINE, distinct


@dataclass(frozen=True)
class Street:
    """A part of a field's value with limits of its own."""

    name: Annotated[str, Len(1, 5)]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A field of every kind, each at a good value unless a test gives another."""

    text: Annotated[str, Len(2, 4), Confidential(), Describe("A text.")] = "abc"
    anything: Any = None
    line: Annotated[str, ONE_LINE] = "line"
    code: Annotated[str, Pattern("[a-z]+", "is no code")] | None = None
    score: Annotated[int, Interval(ge=1, le=5)] = 3
    count: Annotated[int | None, Interval(ge=1)] = None
    label: Annotated[str | None, Len(1, 3), Pattern("[a-z]+", "is no label")] = None
    share: Annotated[float, Interval(gt=0, lt=1)] = 0.5
    number: int = 0
    rate: float = 0.0
    when: datetime | None = None
    words: Annotated[tuple[Annotated[str, Len(1, 3)], ...], Len(0, 2)] = ()
    pair: tuple[Annotated[str, Len(1, 3)], Annotated[int, Interval(ge=0)]] = ("a", 0)
    facts: dict[str, Annotated[str, Len(0, 3)]] | None = None
    street: Street = Street("Mill")
    plain: Any = None
    needed: Annotated[tuple[Annotated[str, Len(1, 3)], ...], Len(1)] = ("a",)


def test_a_good_form_passes() -> None:
    check(Form())


GOOD: list[dict[str, Any]] = [
    {"text": "ab"},
    {"text": "abcd"},
    {"text": "a\tb\n"},
    {"line": ""},
    {"code": "abc"},
    {"score": 1},
    {"score": 5},
    {"share": 0.001},
    {"number": 2**63 - 1},
    {"number": -(2**63)},
    {"rate": -1e300},
    {"when": datetime(2038, 1, 20, tzinfo=UTC)},
    {"words": ("abc", "abc")},
    {"facts": {"k": "abc"}},
    {"plain": "\x00"},
]
SHORT, LONG, FEW, MANY = (
    ViolationCode.TOO_SHORT,
    ViolationCode.TOO_LONG,
    ViolationCode.TOO_FEW,
    ViolationCode.TOO_MANY,
)
SMALL, LARGE, RANGE, FORMAT = (
    ViolationCode.TOO_SMALL,
    ViolationCode.TOO_LARGE,
    ViolationCode.OUT_OF_RANGE,
    ViolationCode.FORMAT,
)
BAD: list[tuple[dict[str, Any], Violation]] = [
    ({"text": "a"}, Violation(SHORT, "has fewer than 2 characters", ("text",), 2, 4)),
    ({"text": " a "}, Violation(SHORT, "has fewer than 2 characters", ("text",), 2, 4)),
    ({"text": "abcde"}, Violation(LONG, "has more than 4 characters", ("text",), 2, 4)),
    ({"text": "ab\x00"}, Violation(FORMAT, "holds characters that are not text", ("text",))),
    ({"line": f"hw1.{'0' * 32}.1.-.AAAA"}, Violation(FORMAT, "looks like a sealed text", ("line",))),
    ({"line": "a\nb"}, Violation(FORMAT, "must be one line", ("line",))),
    ({"code": "Abc"}, Violation(FORMAT, "is no code", ("code",))),
    ({"code": "abc\n"}, Violation(FORMAT, "is no code", ("code",))),
    ({"score": 0}, Violation(SMALL, "must be at least 1", ("score",), 1, 5)),
    ({"score": 6}, Violation(LARGE, "must be at most 5", ("score",), 1, 5)),
    ({"count": 0}, Violation(SMALL, "must be at least 1", ("count",), 1)),
    ({"label": ""}, Violation(SHORT, "must not be empty", ("label",), 1, 3)),
    ({"label": "A"}, Violation(FORMAT, "is no label", ("label",))),
    ({"share": 0.0}, Violation(SMALL, "must be more than 0", ("share",), 0, 1)),
    ({"share": 1.0}, Violation(LARGE, "must be less than 1", ("share",), 0, 1)),
    ({"share": math.nan}, Violation(FORMAT, "is not a number", ("share",))),
    ({"number": 2**63}, Violation(RANGE, "has too many digits", ("number",))),
    ({"number": -(2**63) - 1}, Violation(RANGE, "has too many digits", ("number",))),
    ({"rate": math.inf}, Violation(FORMAT, "is not a number", ("rate",))),
    # That is the point.
    ({"when": datetime(2030, 1, 1)}, Violation(FORMAT, "must have a time zone", ("when",))),  # noqa: DTZ001
    ({"words": ("a", "b", "c")}, Violation(MANY, "has more than 2 entries", ("words",), 0, 2)),
    ({"words": ("a", " ")}, Violation(SHORT, "must not be empty", ("words", 1), 1, 3)),
    ({"words": ("abcd",)}, Violation(LONG, "has more than 3 characters", ("words", 0), 1, 3)),
    ({"pair": ("", 0)}, Violation(SHORT, "must not be empty", ("pair", 0), 1, 3)),
    ({"pair": ("a", -1)}, Violation(SMALL, "must be at least 0", ("pair", 1), 0)),
    (
        {"facts": {"\x00": ""}},
        Violation(FORMAT, "has an entry that holds characters that are not text", ("facts",)),
    ),
    (
        {"facts": {"k": "abcd"}},
        Violation(LONG, "has an entry that has more than 3 characters", ("facts",), 0, 3),
    ),
    ({"street": Street("Avenue")}, Violation(LONG, "has more than 5 characters", ("street", "name"), 1, 5)),
    ({"needed": ()}, Violation(FEW, "must not be empty", ("needed",), 1)),
]


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_within_the_limits_passes(given: dict[str, Any]) -> None:
    check(Form(**given))


@pytest.mark.parametrize(("given", "violation"), BAD, ids=range(len(BAD)))
def test_outside_the_limits_is_refused(given: dict[str, Any], violation: Violation) -> None:
    with pytest.raises(Invalid) as refusal:
        check(Form(**given))
    assert refusal.value.field == next(iter(given))
    assert refusal.value.violations == [violation]


def test_every_value_that_is_wrong_is_told_once_in_the_order_of_the_fields() -> None:
    wrong = Form(text="", score=9, words=("fine", "", "b"), street=Street(""))
    with pytest.raises(Invalid) as refusal:
        check(wrong)
    assert [(one.path, one.code) for one in refusal.value.violations] == [
        (("text",), SHORT),
        (("score",), LARGE),
        (("words", 0), LONG),
        (("words", 1), SHORT),
        (("words",), MANY),
        (("street", "name"), SHORT),
    ]
    assert refusal.value.message == (
        "Text has fewer than 2 characters. Score must be at most 5. "
        "Entry 1 of words has more than 3 characters. Entry 2 of words must not be empty. "
        "Words has more than 2 entries. Name of street must not be empty."
    )


def test_of_very_many_wrong_values_no_more_than_a_hundred_are_told() -> None:
    with pytest.raises(Invalid) as refusal:
        check(Form(anything=f"hw1.{'0' * 32}.1.-.AAAA", needed=("",) * 5_000))
    assert [one.path for one in refusal.value.violations] == [
        ("anything",),
        *(("needed", place) for place in range(99)),
    ]


SEAL = f"hw1.{'0f' * 16}.1.-.AAAA.BBBB"
DISGUISED = [
    SEAL,
    f" {SEAL}",
    f"{SEAL}\n",
    f"\u3000{SEAL}\u2003",
    f"\ufeff{SEAL}\u200b",
    f"x {SEAL} y",
    SEAL.upper(),
    SEAL.replace(".", "\uff0e"),
    SEAL.replace("h", "\uff48"),
    SEAL.replace("w", "w\u200d"),
    SEAL.replace("0f", "0\u00adf"),
    SEAL.replace("hw1", "hw\u00b9"),
]


@pytest.mark.parametrize("text", DISGUISED, ids=ascii)
def test_nothing_that_could_pass_for_a_sealed_text_is_taken(text: str) -> None:
    each: tuple[dict[str, Any], ...] = (
        {"line": text},
        {"plain": text},
        {"words": ("a", text)},
        {"facts": {"k": text}},
        {"facts": {text: "k"}},
        {"street": Street(text)},
        {"anything": {"deep": [{"er": (1, None, text)}]}},
    )
    for given in each:
        with pytest.raises(Invalid, match="looks like a sealed text"):
            check(Form(**given))


@pytest.mark.parametrize("text", ["hw1.", "hw1.0.1", "\u00e9 hw1. 0", "0f" * 16], ids=ascii)
def test_what_only_begins_like_a_sealed_text_is_taken(text: str) -> None:
    check(Form(line=text))


def test_distinct_words_keep_their_order_and_first_spelling() -> None:
    assert distinct([" b", "A", "a", "B ", "c"]) == ("b", "A", "c")


def test_new_ids_are_version_7_and_rise() -> None:
    ids = TimeOrderedIds()
    made_ids = [ids.new() for _ in range(10_000)]
    assert {id.version for id in made_ids} == {7}
    assert made_ids == sorted(set(made_ids))
