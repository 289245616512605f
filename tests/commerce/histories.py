"""What happened to products and orders, for the tests."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.commerce.order_commands import OrderedProduct, PlaceOrder
from domain.commerce.order_fields import OrderItem, PaymentProvider
from domain.commerce.order_states import OrderStatus
from domain.commerce.orders import Order
from domain.commerce.products import Product
from domain.kit.caller import Caller

TENANT, BUYER, STAFF = UUID(int=1), UUID(int=2), UUID(int=3)
ORDER, MUG, TEA = UUID(int=10), UUID(int=20), UUID(int=21)
STRIPE = PaymentProvider.STRIPE

AS_BUYER = Caller(tenant_id=TENANT, user_id=BUYER, permissions=frozenset({"commerce:buy"}))
AS_STAFF = Caller(tenant_id=TENANT, user_id=STAFF, permissions=frozenset({"commerce:write"}))


def created(
    sku: str = "MUG-1", price: str = "12.50", currency: str = "EUR", name: str = "Mug"
) -> Product.Created:
    return Product.Created(sku=sku, name=name, price=Decimal(price), currency=currency)


def item(product_id: UUID = MUG, quantity: int = 2, price: str = "12.50") -> OrderItem:
    return OrderItem(product_id=product_id, sku="MUG-1", name="Mug", price=Decimal(price), quantity=quantity)


def placed(total: str = "25.00", currency: str = "EUR", number: int = 1, **others: Any) -> Order.Placed:
    return Order.Placed(
        **{
            "number": number,
            "user_id": BUYER,
            "items": (item(),),
            "total_amount": Decimal(total),
            "currency": currency,
            **others,
        }
    )


def place(*items: OrderedProduct, currency: str = "EUR", **others: Any) -> PlaceOrder:
    wanted = items or (OrderedProduct(product_id=MUG, quantity=2),)
    return PlaceOrder(**{"id": ORDER, "user_id": BUYER, "items": wanted, "currency": currency, **others})


def settled(
    payment_id: str = "pi_1",
    amount: str = "25.00",
    *,
    paid: str = "25.00",
    status: OrderStatus = OrderStatus.PAID,
    refunded: str = "0.00",
    owed: str = "0.00",
) -> Order.PaymentSettled:
    return Order.PaymentSettled(
        provider=STRIPE,
        payment_id=payment_id,
        amount=Decimal(amount),
        currency="EUR",
        status=status,
        paid_amount=Decimal(paid),
        refunded_amount=Decimal(refunded),
        refund_owed=Decimal(owed),
    )


def cancelled(owed: str = "0.00", paid: str = "0.00") -> Order.Cancelled:
    return Order.Cancelled(
        status=OrderStatus.CANCELLED,
        paid_amount=Decimal(paid),
        refunded_amount=Decimal("0.00"),
        refund_owed=Decimal(owed),
    )
