"""Checks: each kind of limit, at its edges, wherever in a field it stands."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from domain.kit.bus.checks import check
from domain.kit.clock import TimeOrderedIds
from domain.kit.fields import Confidential, Describe, Interval, Len, Pattern
from domain.kit.refusals import Invalid
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
    share: Annotated[float, Interval(gt=0, lt=1)] = 0.5
    number: int = 0
    rate: float = 0.0
    when: datetime | None = None
    words: Annotated[tuple[Annotated[str, Len(1, 3)], ...], Len(0, 2)] = ()
    pair: tuple[Annotated[str, Len(1, 3)], Annotated[int, Interval(ge=0)]] = ("a", 0)
    facts: dict[str, Annotated[str, Len(0, 3)]] | None = None
    street: Street = Street("Mill")
    plain: Any = None


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
BAD: list[tuple[dict[str, Any], str]] = [
    ({"text": "a"}, "has fewer than 2 characters"),
    ({"text": " a "}, "has fewer than 2 characters"),
    ({"text": "abcde"}, "has more than 4 characters"),
    ({"text": "ab\x00"}, "holds characters that are not text"),
    ({"line": f"hw1.{'0' * 32}.1.-.AAAA"}, "looks like a sealed text"),
    ({"line": "a\nb"}, "must be one line"),
    ({"code": "Abc"}, "is no code"),
    ({"code": "abc\n"}, "is no code"),
    ({"score": 0}, "must be at least 1"),
    ({"score": 6}, "must be at most 5"),
    ({"share": 0.0}, "must be more than 0"),
    ({"share": 1.0}, "must be less than 1"),
    ({"share": math.nan}, "is not a number"),
    ({"number": 2**63}, "has too many digits"),
    ({"number": -(2**63) - 1}, "has too many digits"),
    ({"rate": math.inf}, "is not a number"),
    ({"when": datetime(2030, 1, 1)}, "must have a time zone"),  # noqa: DTZ001  # That is the point.
    ({"words": ("a", "b", "c")}, "has more than 2 entries"),
    ({"words": ("a", " ")}, "holds one that must not be empty"),
    ({"words": ("abcd",)}, "holds one that has more than 3 characters"),
    ({"pair": ("", 0)}, "must not be empty"),
    ({"pair": ("a", -1)}, "must be at least 0"),
    ({"facts": {"\x00": ""}}, "holds one that holds characters that are not text"),
    ({"facts": {"k": "abcd"}}, "holds one that has more than 3 characters"),
    ({"street": Street("Avenue")}, "name has more than 5 characters"),
]


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_within_the_limits_passes(given: dict[str, Any]) -> None:
    check(Form(**given))


@pytest.mark.parametrize(("given", "reason"), BAD, ids=str)
def test_outside_the_limits_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check(Form(**given))
    assert refusal.value.field == next(iter(given))
    assert refusal.value.facts == {"reason": reason}


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
