"""Amounts of money: decimals with their currency, never floats."""

from decimal import Decimal
from typing import Annotated

from domain.kit.fields import Confidential, Describe, Pattern, Public, Requires
from domain.kit.refusals import Invalid, ViolationCode

Currency = Annotated[
    str,
    Pattern("[A-Z]{3}", "must be the three letters of a currency, such as EUR"),
    Public(),
    Describe("The currency, as a code of ISO 4217."),
]

_BEYOND = Decimal(10) ** 12
_PLACES = 4
"""No currency has more decimal places than four."""


def require_amount(amount: Decimal) -> None:
    """Raise Invalid for what is not an amount from 0 with at most four decimal places."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise Invalid(field=None, reason="is not a number", why=ViolationCode.FORMAT)
    if amount < 0:
        raise Invalid(field=None, reason="must be at least 0", why=ViolationCode.TOO_SMALL, minimum=0)
    # The exponent is looked at as well: 1E+11 is a number, but texts of it are not what people expect.
    if amount >= _BEYOND or exponent > 0:
        raise Invalid(field=None, reason="has too many digits", why=ViolationCode.OUT_OF_RANGE)
    if -exponent > _PLACES:
        raise Invalid(
            field=None,
            reason=f"has more than {_PLACES} decimal places",
            why=ViolationCode.FORMAT,
            maximum=_PLACES,
        )


Amount = Annotated[
    Decimal,
    Confidential(),
    Requires(require_amount),
    Describe("The amount, as a decimal number in units of the currency."),
]
