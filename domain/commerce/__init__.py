"""The manifest of commerce in the domain."""

from domain.commerce import order_commands, order_numbers, order_states, orders, products
from domain.commerce.access import BUY, CONFIDENTIAL, ORDERS, PAYMENTS, READ, WRITE
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission

CONTEXT = ContextDomain(
    package=__name__,
    modules=(order_commands, order_numbers, order_states, orders, products),
    permissions=(
        Permission(READ, "See products; see and cancel one's own orders.", "guest"),
        Permission(BUY, "Place one's own orders.", "member"),
        Permission(ORDERS, "See everybody's orders.", "member"),
        Permission(
            WRITE, "Create and change products; place, cancel and fulfil everybody's orders.", "member"
        ),
        Permission(CONFIDENTIAL, "Read the shipping addresses of others.", "member"),
        Permission(PAYMENTS, "Record payments and refunds.", "admin"),
    ),
    entities=(
        Entity(kind="PRODUCT", aggregate=products.Product, needs=READ, data=("sku", "name")),
        Entity(kind="ORDER", aggregate=orders.Order, starts="placed", needs=ORDERS, data=("number",)),
    ),
)
