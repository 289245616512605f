"""Scalars: strict both ways, each specified by a standard, and nothing of Python in what they say."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLScalarType, is_specified_scalar_type

from api.schema import schema

CUSTOM = sorted(
    name
    for name, kind in schema._schema.type_map.items()
    if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind)
)
NASTY: list[Any] = [
    *(
        "",
        " ",
        "nonsense",
        "1e5",
        "NaN",
        "Infinity",
        "0x10",
        "\u0663",
        "1_000",
        "-",
        ".",
        "1,5",
        "2030-13-01",
    ),
    *("2030-02-30T00:00:00Z", "2030-W05-1", "9" * 5_000, "\x00", "\ud800", "True"),
    *(-1, 2**63, 10**40, 1.5, float("nan"), float("inf"), True, None, [], {}, [1], {"a": 1}),
]
PYTHON = re.compile(
    r"Traceback|isoformat|Decimal\(|UUID\(|datetime|ConversionSyntax|<class|\bNone\b|\bTrue\b|object at|"
    r"invalid literal|badly formed|codec|Exceeds|\bint\b|\bstr\b|float\(\)|positional|argument"
)
TAKEN: list[tuple[str, object, object]] = [
    ("DateTime", "2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
    ("DateTime", "2030-01-31t14:00:00.5+02:00", datetime(2030, 1, 31, 12, 0, 0, 500_000, UTC)),
    ("Date", "2030-01-31", date(2030, 1, 31)),
    ("Decimal", "12.50", Decimal("12.50")),
    ("Decimal", "-0.5", Decimal("-0.5")),
    ("Decimal", 12, Decimal(12)),
    ("Position", "9223372036854775807", 2**63 - 1),
    ("Position", 5, 5),
    ("JSON", {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
]
SHOWN: list[tuple[str, object, object]] = [
    ("DateTime", datetime(2030, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))), "2030-01-31T12:00:00Z"),
    ("Date", date(2030, 1, 31), "2030-01-31"),
    ("Decimal", Decimal("1E+3"), "1000"),
    ("Decimal", Decimal("0.00001"), "0.00001"),
    ("Position", 2**62, str(2**62)),
    ("JSON", {"a": 1}, {"a": 1}),
]


def scalar(name: str) -> GraphQLScalarType:
    kind = schema._schema.type_map[name]
    assert isinstance(kind, GraphQLScalarType)
    return kind


def refusal(kind: GraphQLScalarType, value: object) -> str | None:
    try:
        kind.coerce_input_value(value)
    except Exception as error:  # noqa: BLE001  # Whatever it is, its text reaches the client.
        return str(error)
    return None


def test_every_scalar_is_specified() -> None:
    assert {"DateTime", "Decimal", "JSON", "Position"} <= set(CUSTOM)
    assert [name for name in CUSTOM if not (scalar(name).specified_by_url or "").startswith("https://")] == []


@pytest.mark.parametrize("name", CUSTOM)
def test_a_bad_value_is_refused_in_plain_words(name: str) -> None:
    said = [text for value in NASTY if (text := refusal(scalar(name), value)) is not None]
    assert [text for text in said if PYTHON.search(text)] == []
    assert len(said) > 20 or name == "JSON"


@pytest.mark.parametrize(("name", "given", "taken"), TAKEN)
def test_takes_what_the_standard_writes(name: str, given: object, taken: object) -> None:
    assert scalar(name).coerce_input_value(given) == taken


@pytest.mark.parametrize(("name", "held", "shown"), SHOWN)
def test_shows_what_the_standard_writes(name: str, held: object, shown: object) -> None:
    assert scalar(name).coerce_output_value(held) == shown


def test_what_a_scalar_shows_it_takes_again() -> None:
    for name, held, _ in SHOWN:
        kind = scalar(name)
        assert kind.coerce_input_value(kind.coerce_output_value(held)) == held
