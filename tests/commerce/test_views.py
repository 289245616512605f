"""The views of commerce: orders, items, payments and products, as their events leave them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.commerce.order_fields import PaymentMethod, PaymentStatus
from domain.commerce.order_states import OrderStatus
from domain.commerce.orders import Order
from domain.commerce.products import Product
from domain.kit.events import Event
from domain.kit.scenario import NOON, given, on
from projections.commerce.orders import OrderItemRow, OrderItems, OrderRow, Orders, Payments, item_id
from projections.commerce.products import ProductRow, Products
from tests.commerce.histories import AS_STAFF, BUYER, MUG, ORDER, STRIPE, TEA, created, item, placed
from tests.commerce.test_payments import fail, pay, refund
from tests.kit.folding import folded


def history(*commands: Any) -> tuple[Event, ...]:
    events: list[Event] = [placed(payment_method=PaymentMethod.CARD, shipping_address="Ada\nSt 1")]
    for command in commands:
        events += given(*events).by(AS_STAFF).when(command).recorded
    return tuple(events)


def test_an_order_is_shown_as_it_stands() -> None:
    rows = folded(Orders(), on(ORDER, *history(pay(amount="30"), refund(amount="5"))))
    assert rows == {
        (ORDER,): OrderRow(
            id=ORDER,
            number=1,
            user_id=BUYER,
            status=OrderStatus.PAID,
            total_amount=Decimal("25.00"),
            currency="EUR",
            paid_amount=Decimal("30.00"),
            refunded_amount=Decimal("5.00"),
            refund_owed=Decimal("0.00"),
            payment_method=PaymentMethod.CARD,
            shipping_address="Ada\nSt 1",
            created_at=NOON,
            updated_at=NOON,
            version=3,
        )
    }


def test_items_are_as_they_were_ordered() -> None:
    tea = replace(item(TEA, 3, "0.05"), sku="TEA-1", name="Tea")
    order = placed("25.15", items=(item(), tea))
    rows = folded(OrderItems(), on(ORDER, order), on(TEA, created("TEA-1", "0.06", name="New tea")))
    assert len(rows) == 2
    assert rows[(item_id(ORDER, 1),)] == OrderItemRow(
        id=item_id(ORDER, 1),
        order_id=ORDER,
        user_id=BUYER,
        place=1,
        product_id=TEA,
        sku="TEA-1",
        name="Tea",
        quantity=3,
        price=Decimal("0.05"),
        currency="EUR",
    )


def test_two_payments_of_one_order_are_two_rows() -> None:
    events = history(
        fail("pi_1"), pay("pi_1"), pay("pi_2", "10"), refund(amount="10", payment_id="pi_2"), fail("pi_3")
    )
    rows = folded(Payments(), on(ORDER, *events)).values()
    assert [(row.payment_id, row.status, row.amount, row.refunded_amount, row.failure) for row in rows] == [
        ("pi_1", PaymentStatus.SETTLED, Decimal("25.00"), Decimal(0), ""),
        ("pi_2", PaymentStatus.SETTLED, Decimal("10.00"), Decimal("10.00"), ""),
        ("pi_3", PaymentStatus.FAILED, Decimal(0), Decimal(0), "card_declined"),
    ]
    assert {row.provider for row in rows} == {STRIPE}


def test_a_cancelled_and_a_fulfilled_order_say_when() -> None:
    stands: dict[str, Any] = {
        "paid_amount": Decimal(0),
        "refunded_amount": Decimal(0),
        "refund_owed": Decimal(0),
    }
    cancelled = Order.Cancelled(status=OrderStatus.CANCELLED, **stands)
    fulfilled = Order.Fulfilled(status=OrderStatus.FULFILLED, **stands)
    rows = folded(Orders(), on(ORDER, placed(), cancelled), on(TEA, placed(number=2), fulfilled))
    assert (rows[(ORDER,)].cancelled_at, rows[(ORDER,)].fulfilled_at) == (NOON, None)
    assert (rows[(TEA,)].cancelled_at, rows[(TEA,)].fulfilled_at) == (None, NOON)


def test_a_product_is_shown_as_it_is_sold_now() -> None:
    changed = Product.PriceChanged(price=Decimal("13.00"), previous=Decimal("12.50"), currency="EUR")
    events = created(), Product.Renamed(name="Cup"), changed, Product.Deactivated()
    row = ProductRow(
        id=MUG,
        sku="MUG-1",
        name="Cup",
        price=Decimal("13.00"),
        currency="EUR",
        active=False,
        created_at=NOON,
        updated_at=NOON,
        version=4,
    )
    other = UUID(int=99)
    rows = folded(Products(), on(MUG, *events), on(other, *events, Product.Activated()))
    assert rows[(MUG,)] == row
    assert rows[(other,)].active
