"""Money: exact in every currency, split to the last minor unit, rounded only where that is named."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.money.currencies import DIGITS
from domain.kit.money.money import CurrenciesDiffer, Money, Rounding, money, parse, rounded, spelled, sum_of
from domain.kit.refusals import Invalid, ViolationCode

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "HUF"])
UNITS = st.integers(-(10**11), 10**11)
WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=30).filter(any)


def amount(text: str, currency: str = "EUR") -> Money:
    return Money(Decimal(text), currency)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        # Lists made for a screen have other numbers for some of these.
        *(("EUR", 2), ("USD", 2), ("HUF", 2), ("IDR", 2), ("UGX", 0), ("JPY", 0), ("ISK", 0), ("CLP", 0)),
        *(("MGA", 2), ("MRU", 2), ("TWD", 2), ("IQD", 3), ("KWD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)),
        *(("UYI", 0), ("XAF", 0), ("XCG", 2), ("ZWG", 2), ("SLE", 2), ("VED", 2), ("VES", 2), ("CHW", 2)),
    ],
)
def test_a_currency_has_the_digits_of_the_standard(currency: str, digits: int) -> None:
    assert DIGITS[currency] == digits


@pytest.mark.parametrize("currency", ["XAU", "XDR", "XXX", "XTS", "HRK", "ZWL", "ANG", "BTC", "eur", ""])
def test_what_is_not_paid_in_is_no_currency(currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        money(Decimal(1), currency, field="price")
    assert refused.value.field == "currency"


def test_every_currency_is_there_once() -> None:
    assert len(DIGITS) == 165
    assert all(len(code) == 3 and code.isupper() for code in DIGITS)


@pytest.mark.parametrize(
    ("text", "currency", "says"),
    [
        ("1.005", "EUR", "Price has more than the 2 decimal places of EUR."),
        ("100.5", "JPY", "Price has decimal places, and not the 0 of JPY."),
        ("1.0005", "KWD", "Price has more than the 3 decimal places of KWD."),
        (f"1.{'0' * 38}1", "EUR", "Price has more than the 2 decimal places of EUR."),
    ],
)
def test_what_is_finer_than_the_currency_is_refused_and_says_its_digits(
    text: str, currency: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        money(Decimal(text), currency, field="price")
    assert refused.value.message == says
    (violation,) = refused.value.violations
    assert (violation.code, violation.maximum) == (ViolationCode.FORMAT, DIGITS[currency])


@pytest.mark.parametrize(
    ("given_", "kept"), [("7", "7.00"), ("1.50000", "1.50"), ("-0", "0.00"), ("0.1", "0.10")]
)
def test_an_amount_is_kept_in_one_spelling(given_: str, kept: str) -> None:
    assert str(amount(given_)) == f"{kept} EUR"


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+3", "1000000000000", "1E-999999"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        amount(text)


@pytest.mark.parametrize(
    ("stored", "currency", "shown"),
    [
        ("0", "EUR", "0.00"),
        ("1.5", "KWD", "1.500"),
        ("7", "JPY", "7"),
        ("0.0001", "EUR", "0.0001"),
        ("1", "HRK", "1"),
    ],
)
def test_a_stored_amount_is_spelled_with_the_digits_of_its_currency(
    stored: str, currency: str, shown: str
) -> None:
    assert f"{spelled(Decimal(stored), currency):f}" == shown


@pytest.mark.parametrize("value", [1.5, 1, "1.50", None])
def test_only_a_decimal_is_an_amount(value: Any) -> None:
    with pytest.raises(TypeError):
        Money(value, "EUR")


@pytest.mark.parametrize(
    ("least", "most", "code"),
    [(Decimal(6), None, ViolationCode.TOO_SMALL), (None, Decimal("4.99"), ViolationCode.TOO_LARGE)],
)
def test_an_amount_outside_its_bounds_is_refused(
    least: Decimal | None, most: Decimal | None, code: ViolationCode
) -> None:
    with pytest.raises(Invalid) as refused:
        money(Decimal(5), "EUR", field="total", least=least, most=most)
    assert (refused.value.field, refused.value.violations[0].code) == ("total", code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "1,5",
        "1.",
        ".5",
        "1_0",
        "1e3",
        "٣",
        "--1",
        "0x1",
        "1" * 14,
        "1\n",
        "NaN",
        "1.00000",
    ],
)
def test_only_one_spelling_is_parsed(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text, "CLF", field="amount")


@given(UNITS, CURRENCIES)
def test_what_is_written_is_parsed_again(units: int, currency: str) -> None:
    written = Money.of_minor(units, currency)
    assert parse(f"{written.amount:f}", currency, field="amount") == written
    assert written.minor == units


def test_amounts_of_two_currencies_are_never_one() -> None:
    euros, yen = amount("1"), amount("1", "JPY")
    for together in (lambda: euros + yen, lambda: euros - yen, lambda: euros < yen):
        with pytest.raises(CurrenciesDiffer):
            together()
    with pytest.raises(CurrenciesDiffer):
        sum_of([euros, yen], currency="EUR")
    assert euros != yen


@given(st.lists(UNITS, max_size=8), CURRENCIES)
def test_a_sum_is_exact(units: list[int], currency: str) -> None:
    total = sum_of((Money.of_minor(each, currency) for each in units), currency=currency)
    assert total.minor == sum(units)


@given(UNITS, CURRENCIES, WEIGHTS)
def test_a_split_adds_up_and_is_as_even_as_the_weights(units: int, currency: str, weights: list[int]) -> None:
    whole = Money.of_minor(units, currency)
    parts = whole.split(weights)
    assert sum_of(parts, currency=currency) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - units * weight) < sum(weights)


@pytest.mark.parametrize(
    ("text", "currency", "weights", "parts"),
    [
        ("0.10", "EUR", (1, 1, 1), ["0.04", "0.03", "0.03"]),
        ("-0.10", "EUR", (1, 1, 1), ["-0.04", "-0.03", "-0.03"]),
        ("100", "JPY", (1, 2, 4), ["14", "29", "57"]),
        ("0.01", "EUR", (0, 5, 5), ["0.00", "0.01", "0.00"]),
        ("23.00", "EUR", (1150, 1150), ["11.50", "11.50"]),
    ],
)
def test_a_split_gives_what_is_left_to_whom_lost_most_and_then_to_the_first(
    text: str, currency: str, weights: tuple[int, ...], parts: list[str]
) -> None:
    assert [f"{part.amount:f}" for part in amount(text, currency).split(weights)] == parts


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1), (2, -1)])
def test_nothing_is_split_by_no_weights(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Weights"):
        amount("1").split(weights)


@pytest.mark.parametrize(
    ("rounding", "cents"),
    [(Rounding.HALF_UP, 3), (Rounding.HALF_EVEN, 2), (Rounding.DOWN, 2), (Rounding.UP, 3)],
)
def test_what_is_finer_is_rounded_as_is_said(rounding: Rounding, cents: int) -> None:
    assert rounded(Decimal("0.025"), "EUR", rounding).minor == cents
    assert rounded(Decimal("-0.025"), "EUR", rounding).minor == -cents
    assert amount("0.25").times(Decimal("0.1"), rounding).minor == cents


def test_a_tax_is_rounded_once() -> None:
    # A double says 34.116425000000004, and rounding in two steps 34.13.
    taxed = amount("24.99").times(Decimal("1.1075"), Rounding.HALF_UP)
    assert str(taxed + amount("6.44")) == "34.12 EUR"


@pytest.mark.parametrize("factor", [1.5, Decimal("1.5"), "2"])
def test_no_amount_is_multiplied_without_saying_how_it_is_rounded(factor: Any) -> None:
    with pytest.raises(TypeError):
        _ = amount("1") * factor
