"""Placing an order: what it costs, for whom, and which number it has."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commerce.order_commands import (
    NothingToPay,
    OneCurrencyOnly,
    OrderedProduct,
    PriceDiffers,
    TotalDiffers,
)
from domain.commerce.order_numbers import ORDER_NUMBERS, OrderNumbers
from domain.commerce.products import Product, ProductIsInactive
from domain.kit.refusals import Forbidden, Invalid, NotFound
from domain.kit.scenario import Scenario, given, on
from tests.commerce.histories import (
    AS_BUYER,
    AS_STAFF,
    MUG,
    ORDER,
    STAFF,
    TEA,
    created,
    item,
    place,
    placed,
)

TWO = OrderedProduct(product_id=MUG, quantity=2)


def shop(*more: Any) -> Scenario:
    tea = created("TEA-1", "0.05", name="Tea")
    return given(on(MUG, created()), on(TEA, tea), *more).by(AS_BUYER)


def test_an_order_keeps_what_its_products_were() -> None:
    tea = OrderedProduct(product_id=TEA, quantity=3)
    scenario = shop().when(place(TWO, tea))
    order, given_number = scenario.recorded
    assert given_number == OrderNumbers.Given(number=1, order_id=ORDER)
    tea_item = item(TEA, 3, "0.05")
    items = (item(), type(tea_item)(**{**vars(tea_item), "sku": "TEA-1", "name": "Tea"}))
    assert order == placed("25.15", items=items)


def test_numbers_go_on_where_they_were() -> None:
    before = on(ORDER_NUMBERS, OrderNumbers.Given(number=41, order_id=TEA))
    shop(before).when(place()).then(placed(number=42), OrderNumbers.Given(number=42, order_id=ORDER))


def test_the_caller_buys_unless_another_is_named() -> None:
    shop().when(place(user_id=None)).then(placed(), OrderNumbers.Given(number=1, order_id=ORDER))


def test_who_may_write_places_orders_of_others() -> None:
    assert shop().by(AS_STAFF).when(place()).refusal is None
    shop().when(place(user_id=STAFF)).refused(Forbidden, field="user_id")


def test_what_was_shown_must_still_hold() -> None:
    at: dict[str, Any] = {"product_id": MUG, "quantity": 2}
    assert (
        shop().when(place(OrderedProduct(**at, price=Decimal("12.5")), total_amount=Decimal(25))).refusal
        is None
    )
    shop().when(place(OrderedProduct(**at, price=Decimal("12")))).refused(PriceDiffers, field="items")
    shop().when(place(total_amount=Decimal("24.99"))).refused(TotalDiffers, field="total_amount")
    shop().when(place(total_amount=Decimal("25.001"))).refused(Invalid, field="total_amount")


def test_only_what_is_active_is_ordered() -> None:
    shop(on(MUG, Product.Deactivated())).when(place()).refused(ProductIsInactive, field="items")


def test_only_what_there_is_is_ordered() -> None:
    shop().when(place(OrderedProduct(product_id=STAFF, quantity=1))).refused(NotFound, field="items")


def test_an_order_is_of_one_currency() -> None:
    yen = on(STAFF, created("YEN", "100", "JPY"))
    both = (TWO, OrderedProduct(product_id=STAFF, quantity=1))
    shop(yen).when(place(*both)).refused(OneCurrencyOnly, field="currency")
    shop().when(place(currency="USD")).refused(OneCurrencyOnly, field="currency")


def test_an_order_costs_something() -> None:
    free = on(STAFF, created("GIFT", "0"))
    shop(free).when(place(OrderedProduct(product_id=STAFF, quantity=9))).refused(NothingToPay, field="items")


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 2**70])
def test_refuses_what_is_no_quantity(quantity: int) -> None:
    shop().when(place(OrderedProduct(product_id=MUG, quantity=quantity))).refused(Invalid, field="items")


@pytest.mark.parametrize("many", [0, 101])
def test_refuses_no_items_and_too_many(many: int) -> None:
    ordered = place().__class__(id=ORDER, items=(TWO,) * many, currency="EUR")
    shop().when(ordered).refused(Invalid, field="items")


@pytest.mark.parametrize("price", ["99999999.99", "100.00"])
def test_a_total_has_a_bound(price: str) -> None:
    dear = on(STAFF, created("DEAR", price))
    many = (OrderedProduct(product_id=STAFF, quantity=1_000_000),) * 100
    shop(dear).when(place(*many)).refused(Invalid, field="items")
