"""Orders, their items and their payments, kept in the append's own transaction (COM-07)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid5

from domain.commerce.order_fields import (
    LONGEST_WORD,
    Buyer,
    Cause,
    Method,
    Moved,
    Owed,
    Paid,
    PaymentId,
    PaymentStatus,
    ProductId,
    Provider,
    Quantity,
    Refunded,
    RefundId,
    Total,
)
from domain.commerce.order_numbers import OrderNumber
from domain.commerce.order_settlements import payment_key
from domain.commerce.order_states import OrderStatus
from domain.commerce.orders import Order
from domain.commerce.products import Name, Price, Sku
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Longest, Personal, Purpose
from domain.kit.money.money import Currency
from projections.kit.declare.folds import STREAM, TIME, EventField, carried, on
from projections.kit.model import (
    Check,
    CreatedAt,
    Id,
    Index,
    PostgresView,
    Row,
    UpdatedAt,
    Version,
    replace,
)

NOTHING = Decimal(0)


class OrderRow(Row):
    """An order."""

    id: Id
    number: OrderNumber
    user_id: Buyer
    status: Annotated[OrderStatus, Internal(), Describe("The order's status.")]
    total_amount: Total
    currency: Currency
    paid_amount: Paid = NOTHING
    refunded_amount: Refunded = NOTHING
    refund_owed: Owed = NOTHING
    payment_method: Method = None
    shipping_address: Annotated[
        str,
        Longest(1_000),
        Confidential(),
        Personal(subject="user_id"),
        Purpose("To ship the order to its buyer."),
        Describe("Where it is shipped to, in the lines of a label; null for what is not shipped."),
    ]
    created_at: CreatedAt
    updated_at: UpdatedAt
    fulfilled_at: Annotated[
        datetime | None, Internal(), Describe("When it was sent; null while it was not.")
    ] = None
    cancelled_at: Annotated[
        datetime | None, Internal(), Describe("When it was cancelled; null while it was not.")
    ] = None
    cancel_reason: Cause = None
    version: Version


class Orders(PostgresView[OrderRow], name="commerce.orders", version=3, inline=True):
    """Every order as it stands."""

    checks = (
        Check(
            "valid_order_status",
            "status in ('placed', 'paid', 'payment_failed', 'partly_refunded', 'refunded', 'cancelled', "
            "'fulfilled')",
        ),
        Check(
            "valid_payment_method",
            "payment_method in ('card', 'paypal', 'wallet', 'bank_transfer', 'direct_debit', 'instalments', "
            "'invoice', 'cash', 'other')",
        ),
        Check(
            "valid_cancel_reason",
            "cancel_reason in ('changed_mind', 'mistake', 'too_late', 'not_available', 'not_paid', 'fraud', "
            "'other')",
        ),
        Check("valid_total_amount", "total_amount > 0 and total_amount <= 99999999.99"),
    )
    indexes = (
        Index("idx_orders_number", ("number", "id")),
        Index("idx_orders_created_at", ("created_at", "id")),
        Index("idx_orders_updated_at", ("updated_at", "id")),
        Index("idx_orders_user_id", ("user_id", "created_at", "id")),
        Index("idx_orders_status", ("status", "created_at", "id")),
        Index("idx_orders_refund_owed", ("refund_owed", "id")),
    )

    placed = carried(Order.Placed, first=True, status=OrderStatus.PLACED)
    changed = carried(Order.PaymentSettled, Order.PaymentFailed, Order.PaymentRefunded)
    cancelled = carried(Order.Cancelled, cancelled_at=TIME, cancel_reason=EventField("reason"))
    fulfilled = carried(Order.Fulfilled, fulfilled_at=TIME)


def item_id(order_id: UUID, place: int) -> UUID:
    """The id of an item of an order, by its place from 0."""
    return uuid5(order_id, f"item {place}")


class OrderItemRow(Row):
    """What is ordered of one product, as it was when the order was placed."""

    id: Id
    order_id: Annotated[UUID, Internal(), Describe("The order's id.")]
    user_id: Buyer
    place: Annotated[int, Internal(), Describe("Its place in the order, from 0.")]
    product_id: ProductId
    sku: Sku
    name: Name
    quantity: Quantity
    price: Price
    currency: Currency


class OrderItems(PostgresView[OrderItemRow], name="commerce.order_items", version=1, inline=True):
    """The items of every order."""

    indexes = (
        Index("idx_order_items_order_id", ("order_id", "place", "id")),
        Index("idx_order_items_product_id", ("product_id", "order_id")),
        Index("idx_order_items_user_id", ("user_id",)),
    )

    @on(
        Order.Placed,
        by=lambda event, _: [item_id(event.originator_id, place) for place in range(len(event.items))],
        first=True,
    )
    def placed(self, row: None, event: Order.Placed, key: UUID) -> OrderItemRow:
        ids = [item_id(event.originator_id, place) for place in range(len(event.items))]
        place = ids.index(key)
        item = event.items[place]
        return OrderItemRow(
            id=key,
            order_id=event.originator_id,
            user_id=event.user_id,
            place=place,
            product_id=item.product_id,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            price=item.price,
            currency=event.currency,
        )


class PaymentRow(Row):
    """A payment of an order."""

    id: Id
    order_id: Annotated[UUID, Internal(), Describe("The order's id.")]
    provider: Provider
    payment_id: PaymentId
    status: Annotated[PaymentStatus, Internal(), Describe("The payment's status.")]
    amount: Annotated[Decimal, Internal(), Describe("How much was paid; 0 while it has failed.")] = NOTHING
    refunded_amount: Annotated[Decimal, Internal(), Describe("What of it was refunded.")] = NOTHING
    currency: Currency
    failure: Annotated[
        str,
        Len(0, LONGEST_WORD),
        Internal(),
        Authored(),
        Describe("Why it failed, in a word; null once it is settled."),
    ] = ""
    recorded_at: Annotated[datetime, Internal(), Describe("When its provider first told of it.")]


Told = Order.PaymentSettled | Order.PaymentFailed | Order.PaymentRefunded


def _payment_id(event: Told, _: object) -> UUID:
    return uuid5(event.originator_id, payment_key(event.provider, event.payment_id))


class Payments(PostgresView[PaymentRow], name="commerce.payments", version=4, inline=True):
    """Every payment of an order that its provider has told of, each for itself."""

    checks = (Check("valid_payment_status", "status in ('settled', 'failed')"),)
    indexes = (
        Index("idx_payments_order_id", ("order_id", "recorded_at", "id")),
        Index("idx_payments_recorded_at", ("recorded_at", "id")),
        Index("idx_payments_payment_id", ("payment_id", "id")),
    )

    @on(Order.PaymentSettled, by=_payment_id)
    def settled(self, row: PaymentRow | None, event: Order.PaymentSettled, key: UUID) -> PaymentRow:
        paid = row or _told(event, key)
        return replace(paid, status=PaymentStatus.SETTLED, amount=event.amount, failure="")

    @on(Order.PaymentFailed, by=_payment_id)
    def failed(self, row: PaymentRow | None, event: Order.PaymentFailed, key: UUID) -> PaymentRow:
        return replace(row or _told(event, key), status=PaymentStatus.FAILED, failure=event.reason)

    @on(Order.PaymentRefunded, by=_payment_id)
    def refunded(self, row: PaymentRow | None, event: Order.PaymentRefunded) -> PaymentRow | None:
        return row and replace(row, refunded_amount=event.payment_refunded)


def _told(event: Order.PaymentSettled | Order.PaymentFailed, key: UUID) -> PaymentRow:
    return PaymentRow(
        id=key,
        order_id=event.originator_id,
        provider=event.provider,
        payment_id=event.payment_id,
        status=PaymentStatus.FAILED,
        currency=event.currency,
        recorded_at=event.timestamp,
    )


class RefundRow(Row):
    """Money of a payment that went back."""

    id: Id
    order_id: Annotated[UUID, Internal(), Describe("The order's id.")]
    provider: Provider
    payment_id: PaymentId
    refund_id: RefundId
    amount: Moved
    currency: Currency
    recorded_at: Annotated[datetime, Internal(), Describe("When its provider told of it.")]


class Refunds(PostgresView[RefundRow], name="commerce.refunds", version=1, inline=True):
    """Every refund of an order's payments."""

    indexes = (Index("idx_refunds_order_id", ("order_id", "recorded_at", "id")),)

    refunded = carried(
        Order.PaymentRefunded,
        by=lambda event, _: uuid5(
            event.originator_id, f"refund {payment_key(event.provider, event.refund_id)}"
        ),
        first=True,
        order_id=STREAM,
        recorded_at=TIME,
    )
