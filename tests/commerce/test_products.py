"""Products: their prices, and when they can be ordered."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commerce.products import (
    ActivateProduct,
    ChangeProductPrice,
    CreateProduct,
    DeactivateProduct,
    Product,
    RenameProduct,
    UpdateProduct,
)
from domain.kit.refusals import Invalid
from domain.kit.scenario import given
from tests.commerce.histories import MUG, created


def _create(price: str = "12.5", currency: str = "EUR", sku: str = "MUG-1") -> CreateProduct:
    return CreateProduct(id=MUG, sku=sku, name=" Mug ", price=Decimal(price), currency=currency)


def test_creates_with_the_digits_of_the_currency() -> None:
    given().when(_create()).then(created())
    given().when(_create("1500", "JPY")).then(created(price="1500", currency="JPY"))


@pytest.mark.parametrize(
    ("price", "currency"),
    [("-0.01", "EUR"), ("0.001", "EUR"), ("0.5", "JPY"), ("100000000", "EUR"), ("NaN", "EUR")],
)
def test_refuses_what_is_no_price(price: str, currency: str) -> None:
    given().when(_create(price, currency)).refused(Invalid, field="price")


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "ABC"])
def test_refuses_what_is_no_currency(currency: str) -> None:
    given().when(_create(currency=currency)).refused(Invalid, field="currency")


@pytest.mark.parametrize("sku", ["", " ", "-1", "a b", "ä", "x" * 51])
def test_refuses_what_is_no_sku(sku: str) -> None:
    given().when(_create(sku=sku)).refused(Invalid, field="sku")


def test_a_price_change_says_what_it_was() -> None:
    changed = Product.PriceChanged(price=Decimal("13.00"), previous=Decimal("12.50"), currency="EUR")
    given(created()).when(ChangeProductPrice(id=MUG, price=Decimal(13))).then(changed)
    given(created()).when(ChangeProductPrice(id=MUG, price=Decimal("12.5"))).then()


def test_changes_name_and_price_at_once() -> None:
    said: Any = {"name": "Cup", "price": Decimal("1")}
    update = UpdateProduct(id=MUG, **said)
    changed = Product.PriceChanged(price=Decimal("1.00"), previous=Decimal("12.50"), currency="EUR")
    given(created()).when(update).then(Product.Renamed(name="Cup"), changed)


def test_renaming_to_the_same_changes_nothing() -> None:
    given(created()).when(RenameProduct(id=MUG, name="Mug")).then()


def test_is_deactivated_and_activated_once() -> None:
    given(created()).when(DeactivateProduct(id=MUG)).then(Product.Deactivated())
    given(created(), Product.Deactivated()).when(DeactivateProduct(id=MUG)).then()
    given(created(), Product.Deactivated()).when(ActivateProduct(id=MUG)).then(Product.Activated())
    given(created()).when(ActivateProduct(id=MUG)).then()
