"""Money as the API shows it: an exact amount, which is a text, beside its currency."""

from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.execution.access import covered
from api.kit.schema.fields import derived
from domain.kit.money.money import spelled


@covered
@strawberry.type(name="Money", description="An amount of money.")
class ShownMoney:
    """What `money_field` shows."""

    amount: Decimal = strawberry.field(
        description="The amount in units of the currency, with as many decimal places as it has."
    )
    currency: str = strawberry.field(description="The currency, as a code of ISO 4217.")


def money_field(column: str, description: str, *, currency: str = "currency") -> StrawberryField:
    """The money whose amount and currency stand in these columns of the row."""

    def shown(row: Any) -> ShownMoney:
        code = getattr(row, currency)
        return ShownMoney(amount=spelled(getattr(row, column), code), currency=code)

    return derived(ShownMoney, shown, description)
