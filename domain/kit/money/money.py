"""Money: an exact decimal amount of one currency, never a float.

    price = money(Decimal("12.50"), "EUR", field="price")
    total = sum_of((price * 3, shipping), currency="EUR")
    parts = total.split((2, 1, 1))

An event stores it as two fields, an `Amount`, which is a text in JSON, and a `Currency`; a row as a numeric column
and a varchar(3); the API shows it as the type ``Money``, whose amount is a text.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import total_ordering
from typing import Annotated, Self

from domain.kit.fields import Confidential, Describe, Pattern, Public, Requires
from domain.kit.money.currencies import DIGITS
from domain.kit.refusals import Invalid, ViolationCode

BEYOND = Decimal(10) ** 12
"""Every amount is less than this, and more than its negative."""
_TEXT = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,4})?")


class Rounding(StrEnum):
    """How an amount that is finer than the currency is rounded; nothing is rounded unless one is named."""

    HALF_UP = "ROUND_HALF_UP"
    """To the nearest, from the middle away from zero: as on most bills."""
    HALF_EVEN = "ROUND_HALF_EVEN"
    """To the nearest, from the middle to an even digit: as banks add up."""
    DOWN = "ROUND_DOWN"
    """Towards zero."""
    UP = "ROUND_UP"
    """Away from zero."""


class CurrenciesDiffer(TypeError):
    """Amounts of different currencies were compared, added or subtracted."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount of a currency, with just the decimal places that the currency has: 12.5 EUR is 12.50 EUR.

    Raises TypeError for an amount that is no Decimal, and Invalid for what is no amount of the currency. An amount
    that is somebody's input goes through `money`.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _exact(self.amount, self.currency, field="amount"))

    @classmethod
    def of_minor(cls, units: int, currency: str) -> Self:
        """So many of the currency's minor units, as cents: 1999 is 19.99 USD, 1999 JPY or 1.999 KWD."""
        return cls(Decimal(units).scaleb(-digits_of(currency)), currency)

    @property
    def minor(self) -> int:
        """How many of the currency's minor units it is."""
        return int(self.amount.scaleb(digits_of(self.currency)))

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __add__(self, other: "Money") -> "Money":
        return Money.of_minor(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money.of_minor(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money.of_minor(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        if not isinstance(times, int):
            raise TypeError("Money is multiplied by whole numbers; for others name a rounding: `times`.")
        return Money.of_minor(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def times(self, factor: Decimal, rounding: Rounding) -> "Money":
        """So many times of it, as for a tax or a discount, rounded as is said."""
        if not isinstance(factor, Decimal):
            raise TypeError(f"Money is multiplied by Decimal, not {type(factor).__name__}.")
        with localcontext() as context:
            # No digit may be lost before the one rounding that was named.
            context.prec = len(self.amount.as_tuple().digits) + len(factor.as_tuple().digits) + 1
            return rounded(self.amount * factor, self.currency, rounding)

    def split(self, weights: Sequence[int]) -> "tuple[Money, ...]":
        """Parts in proportion to the weights that add up to it, to the last minor unit.

        Each part is rounded towards zero; what is left goes, a minor unit each, to the parts that lost most, of
        equal ones to the first (the method of the largest remainder). Raises ValueError for a negative weight and
        where none is more than 0.
        """
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("Weights are 0 or more, and one of them is more than 0.")
        sign = -1 if self.minor < 0 else 1
        shares = [divmod(abs(self.minor) * weight, whole) for weight in weights]
        parts = [part for part, _ in shares]
        left = abs(self.minor) - sum(parts)
        by_loss = sorted(range(len(shares)), key=lambda place: -shares[place][1])
        for place in by_loss[:left]:
            parts[place] += 1
        return tuple(Money.of_minor(sign * part, self.currency) for part in parts)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self.currency} is not {other.currency}")
        return other


def digits_of(currency: str, *, field: str = "currency") -> int:
    """How many decimal places an amount of the currency has. Raises Invalid, about this field, for no currency."""
    digits = DIGITS.get(currency)
    if digits is None:
        raise Invalid(field=field, reason="is no currency of ISO 4217", why=ViolationCode.UNSUITABLE)
    return digits


def money(
    amount: Decimal,
    currency: str,
    *,
    field: str,
    of: str = "currency",
    least: Decimal | None = None,
    most: Decimal | None = None,
) -> Money:
    """The money that an input says: ``field`` is its field with the amount, ``of`` that with the currency.

    Raises Invalid, about the one or the other, for no currency of ISO 4217, for an amount finer than its minor
    unit, and for one that is not from ``least`` to ``most``.
    """
    digits_of(currency, field=of)
    exact = _exact(amount, currency, field=field)
    if least is not None and exact < least:
        raise Invalid(
            field=field,
            reason=f"must be at least {least:f}",
            why=ViolationCode.TOO_SMALL,
            minimum=float(least),
        )
    if most is not None and exact > most:
        raise Invalid(
            field=field, reason=f"must be at most {most:f}", why=ViolationCode.TOO_LARGE, maximum=float(most)
        )
    return Money(exact, currency)


def parse(text: str, currency: str, *, field: str) -> Money:
    """The money that a text says, as ``12.50``: digits of ASCII, a point, and nothing else but a minus.

    Raises Invalid as `money` does; what separates thousands, exponents and blanks are no part of an amount.
    """
    if not _TEXT.fullmatch(text):
        raise Invalid(field=field, reason="is no amount such as 12.50", why=ViolationCode.FORMAT)
    return money(Decimal(text), currency, field=field)


def rounded(amount: Decimal, currency: str, rounding: Rounding) -> Money:
    """The amount in whole minor units of the currency, rounded as is said."""
    _require_size(amount, field="amount")
    with localcontext() as context:
        context.prec = len(amount.as_tuple().digits) + 20
        return Money(amount.quantize(_unit(currency), rounding=rounding.value), currency)


def sum_of(amounts: Iterable[Money], *, currency: str) -> Money:
    """The sum of amounts of one currency, nothing for none. Raises CurrenciesDiffer for others."""
    total = 0
    for each in amounts:
        if each.currency != currency:
            raise CurrenciesDiffer(f"{each.currency} is not {currency}")
        total += each.minor
    return Money.of_minor(total, currency)


def spelled(amount: Decimal, currency: str) -> Decimal:
    """An amount that was stored, with all the decimal places of its currency: 0 EUR as 0.00."""
    digits = DIGITS.get(currency, 0)
    return amount if -_exponent(amount) >= digits else amount.quantize(Decimal(1).scaleb(-digits))


def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-digits_of(currency))


def _exact(amount: Decimal, currency: str, *, field: str) -> Decimal:
    if not isinstance(amount, Decimal):
        raise TypeError(f"An amount of money is a Decimal, not {type(amount).__name__}.")
    digits = digits_of(currency)
    _require_size(amount, field=field)
    if _places(amount) > digits:
        excess = f"more than the {digits} decimal places" if digits else "decimal places, and not the 0"
        raise Invalid(
            field=field, reason=f"has {excess} of {currency}", why=ViolationCode.FORMAT, maximum=digits
        )
    exact = amount.quantize(_unit(currency))
    return exact if exact else abs(exact)


def _require_size(amount: Decimal, *, field: str | None) -> None:
    if not amount.is_finite():
        raise Invalid(field=field, reason="is not a number", why=ViolationCode.FORMAT)
    # The exponent is looked at as well: 1E+11 is a number, but texts of it are not what people expect.
    if amount.copy_abs() >= BEYOND or _exponent(amount) > 0:
        raise Invalid(field=field, reason="has too many digits", why=ViolationCode.OUT_OF_RANGE)


def _places(amount: Decimal) -> int:
    """How many decimal places it needs: zeros at its end are no finer amount."""
    # Not by `normalize`, which rounds to what the context holds.
    digits = "".join(map(str, amount.as_tuple().digits))
    return max(0, -_exponent(amount) - (len(digits) - len(digits.rstrip("0")))) if amount else 0


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "it is finite"
    return exponent


def require_currency(currency: str) -> None:
    """Raise Invalid for what is no currency of ISO 4217."""
    if currency not in DIGITS:
        raise Invalid(field=None, reason="is no currency of ISO 4217", why=ViolationCode.UNSUITABLE)


def require_amount(amount: Decimal) -> None:
    """Raise Invalid for what is not an amount from 0 of any currency."""
    _require_size(amount, field=None)
    if amount < 0:
        raise Invalid(field=None, reason="must be at least 0", why=ViolationCode.TOO_SMALL, minimum=0)


Amount = Annotated[
    Decimal,
    Confidential(),
    Requires(require_amount),
    Describe("The amount, as a decimal number in units of the currency."),
]
Currency = Annotated[
    str,
    Pattern("[A-Z]{3}", "must be the three letters of a currency, such as EUR"),
    Requires(require_currency),
    Public(),
    Describe("The currency, as a code of ISO 4217."),
]
