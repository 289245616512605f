"""Products as people read them."""

from typing import Annotated

from domain.commerce.products import Name, Price, Product, Sku
from domain.kit.fields import Describe, Public
from domain.kit.money.money import Currency
from projections.kit.declare.folds import carried
from projections.kit.model import Check, CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class ProductRow(Row):
    """A product."""

    id: Id
    sku: Sku
    name: Name
    price: Price
    currency: Currency
    active: Annotated[bool, Public(), Describe("Whether it can be ordered.")] = True
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Products(PostgresView[ProductRow], name="commerce.products", version=1, inline=True):
    """Every product, also those that can no longer be ordered."""

    words = ("name",)
    collated = {"name": ("name",)}
    checks = (Check("valid_product_price", "price >= 0 and price <= 99999999.99"),)
    indexes = (
        Index("idx_products_sku", ("sku", "id")),
        Index("idx_products_name", ("name_order", "id")),
        Index("idx_products_created_at", ("created_at", "id")),
        Index("idx_products_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    created = carried(Product.Created, first=True)
    changed = carried(Product.Renamed, Product.PriceChanged)
    deactivated = carried(Product.Deactivated, active=False)
    activated = carried(Product.Activated, active=True)
