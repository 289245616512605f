"""Products: queries, live changes and mutations."""

import strawberry

from api.kit.model import Node, Resource, money_field, shows
from domain.commerce import products as commands
from domain.commerce.access import READ, WRITE
from projections.commerce.products import ProductRow, Products


@shows(ProductRow, needs=READ, leave_out=("currency",))
class Product(Node):
    """A product."""

    price = money_field("price", "What one costs.")


_products = Resource(Product, Products, read=READ, write=WRITE)


@strawberry.type
class Query:
    product = _products.by_id("A product by id.")
    products = _products.list("Products, by pages.")


@strawberry.type
class Mutation:
    create_product = _products.mutation(commands.CreateProduct)
    update_product = _products.mutation(commands.UpdateProduct)
    rename_product = _products.mutation(commands.RenameProduct)
    change_product_price = _products.mutation(commands.ChangeProductPrice)
    activate_product = _products.mutation(commands.ActivateProduct)
    deactivate_product = _products.mutation(commands.DeactivateProduct)
