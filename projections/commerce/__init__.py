"""The manifest of commerce among the views."""

from domain.commerce.access import ORDERS, READ
from domain.commerce.orders import Order
from domain.commerce.products import Product
from projections.commerce import orders, products
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(orders, products),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Order, view=orders.Orders, needs=ORDERS),
            Shown(aggregate=Product, view=products.Products, needs=READ),
        )
    ),
    exports=(
        listed("additional_data", "orders", orders.Orders, "user_id", people=("user_id",)),
        listed("additional_data", "order_items", orders.OrderItems, "user_id", people=("user_id",)),
    ),
    not_exported={
        orders.Payments: "What was paid and refunded stands in `additional_data.orders`.",
        orders.Refunds: "What was paid and refunded stands in `additional_data.orders`.",
    },
)
