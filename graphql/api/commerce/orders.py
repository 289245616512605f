"""Orders: queries, live changes and mutations."""

import strawberry

from api.commerce.products import Product
from api.identity.users import User
from api.kit.model import (
    Node,
    Resource,
    extend,
    headed,
    linked,
    money_field,
    shows,
)
from domain.commerce import order_commands as commands
from domain.commerce.access import ORDERS, PAYMENTS, READ, WRITE
from projections.commerce.orders import (
    OrderItemRow,
    OrderItems,
    OrderRow,
    Orders,
    PaymentRow,
    Payments,
    RefundRow,
    Refunds,
)
from projections.commerce.products import Products
from projections.identity.people import People
from projections.kit.read.keyset import Order as SortOrder


@shows(OrderItemRow, needs=READ, leave_out=("user_id", "place", "currency"))
class OrderItem(Node):
    """An item of an order: a product as it was when it was ordered."""

    price = money_field("price", "What one cost.")
    product = linked(Product, Products, "product_id", "The product as it is now.")


@shows(PaymentRow, needs=READ, leave_out=("currency", "refunded_amount"))
class Payment(Node):
    """A payment of an order."""

    failure: str | None
    amount = money_field("amount", "How much was paid; 0 while it has failed.")
    refunded = money_field("refunded_amount", "What of it was refunded.")


@shows(RefundRow, needs=READ, leave_out=("currency",))
class Refund(Node):
    """Money of a payment that went back."""

    amount = money_field("amount", "How much.")


@shows(
    OrderRow,
    needs=READ,
    about="user_id",
    leave_out=("total_amount", "currency", "paid_amount", "refunded_amount"),
)
class Order(Node):
    """An order."""

    shipping_address: str | None
    total = money_field("total_amount", "What its items cost together.")
    paid = money_field("paid_amount", "What was paid in all.")
    refunded = money_field("refunded_amount", "What was refunded in all.")
    refund_owed = money_field("refund_owed", "What is to be refunded: paid twice, too much, or too late.")
    buyer = linked(User, People, "user_id", "The user who buys.", needs="users:read")
    items = headed(
        OrderItem,
        OrderItems,
        "order_id",
        order=SortOrder("place"),
        description="What is ordered, by pages.",
    )
    payments = headed(
        Payment,
        Payments,
        "order_id",
        order=SortOrder("recorded_at"),
        description="Its payments, the earliest first, by pages.",
    )
    refunds = headed(
        Refund,
        Refunds,
        "order_id",
        order=SortOrder("recorded_at"),
        description="What of its payments was refunded, the earliest first, by pages.",
    )


extend(
    User,
    orders=headed(
        Order,
        Orders,
        "user_id",
        order=SortOrder("created_at", descending=True),
        description="The user's orders, the newest first, by pages.",
        needs=ORDERS,
    ),
)
_orders = Resource(Order, Orders, read=ORDERS, write=WRITE, own="user_id", own_read=READ)
_orders.filter(also=("total_amount", "currency", "paid_amount", "refunded_amount", "refund_owed"))
_items = Resource(OrderItem, OrderItems, read=ORDERS, own="user_id")
_payments = Resource(Payment, Payments, read=ORDERS)
_payments.filter(also=("amount", "currency"))
_refunds = Resource(Refund, Refunds, read=ORDERS)
extend(Payment, order=linked(Order, Orders, "order_id", "The order that it pays.", needs=ORDERS))


@strawberry.type
class Query:
    order = _orders.by_id("An order by id; those of others take `commerce:orders`.")
    orders = _orders.list("Orders, by pages.")
    my_orders = _orders.own_list("The caller's own orders, by pages.")
    payments = _payments.list("Payments of orders, by pages.", orders=("recorded_at",))


@strawberry.type
class Mutation:
    place_order = _orders.mutation(commands.PlaceOrder, needs=READ)
    cancel_order = _orders.mutation(commands.CancelOrder, needs=READ)
    fulfil_order = _orders.mutation(commands.FulfilOrder)
    record_payment = _orders.mutation(commands.RecordPayment, needs=PAYMENTS)
    record_payment_failure = _orders.mutation(commands.RecordPaymentFailure, needs=PAYMENTS)
    record_refund = _orders.mutation(commands.RecordRefund, needs=PAYMENTS)
