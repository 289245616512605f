"""Products: what can be ordered, and at which price."""

from decimal import Decimal
from typing import Annotated

from domain.kit.fields import Authored, Describe, Internal, Len, Pattern, Public, Requires
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Refusal, Unique, applies, assigns
from domain.kit.money.money import Currency, Money, money, require_amount

MOST = Decimal("99999999.99")
"""The most that a product or an order costs, whatever the currency: what decimal(10,2) holds."""

Sku = Annotated[
    str,
    Len(1, 50),
    Pattern("[A-Za-z0-9][A-Za-z0-9._/-]*", "has other characters than letters, digits, and . _ / -"),
    Internal(),
    Authored(),
    Describe("The stock keeping unit, unique in the tenant in any case."),
]
Name = Annotated[
    str, Len(1, 200), ONE_LINE, Internal(), Authored(), Describe("The product's name, in one line.")
]
Price = Annotated[
    Decimal, Requires(require_amount), Internal(), Describe("The price of one, in units of the currency.")
]


class ProductIsInactive(Refusal):
    """The product {name} is inactive, so it cannot be ordered."""


class Product(Aggregate, topic="commerce.product", unique=(Unique("sku", fold=str.casefold),)):
    """What can be ordered while it is active. Its currency and its stock keeping unit never change."""

    class Created(Event):
        sku: Sku
        name: Name
        price: Price
        currency: Currency

    class Renamed(Event):
        name: Name

    class PriceChanged(Event):
        price: Price
        previous: Price
        currency: Currency

    class Deactivated(Event): ...

    class Activated(Event): ...

    sku: str
    name: str
    price: Decimal
    currency: str
    active: Annotated[bool, Public()] = True

    changed = assigns(Created, Renamed)

    @applies(PriceChanged)
    def _repriced(self, event: PriceChanged) -> None:
        self.price = event.price

    @applies(Deactivated)
    def _deactivated(self, event: Deactivated) -> None:
        self.active = False

    @applies(Activated)
    def _activated(self, event: Activated) -> None:
        self.active = True

    @property
    def costs(self) -> Money:
        """What one costs."""
        return Money(self.price, self.currency)


def require_price(price: Decimal, currency: str) -> None:
    """Raise Invalid for a price that is finer than its currency, or more than a product costs."""
    _price(price, currency)


class CreateProduct(Command, requires=(require_price,)):
    """Create a product, which can be ordered at once."""

    sku: Sku
    name: Name
    price: Price
    currency: Currency

    def handle(self) -> Product:
        costs = _price(self.price, self.currency)
        created = Product.Created(
            sku=self.sku, name=self.name.strip(), price=costs.amount, currency=costs.currency
        )
        return Product.begin(self.id, created)


class RenameProduct(Command):
    """Rename a product; orders keep the name that it had."""

    name: Name

    def handle(self, product: Product) -> None:
        if (name := self.name.strip()) != product.name:
            product.record(Product.Renamed(name=name))


class ChangeProductPrice(Command):
    """Change the price of a product; orders keep the price that it had."""

    price: Price

    def handle(self, product: Product) -> None:
        costs = _price(self.price, product.currency)
        if costs != product.costs:
            changed = Product.PriceChanged(
                price=costs.amount, previous=product.price, currency=product.currency
            )
            product.record(changed)


class UpdateProduct(Command, of=(RenameProduct, ChangeProductPrice)):
    """Change name and price of a product at once."""


class DeactivateProduct(Command):
    """Deactivate a product: it can no longer be ordered."""

    def handle(self, product: Product) -> None:
        if product.active:
            product.record(Product.Deactivated())


class ActivateProduct(Command):
    """Activate a product: it can be ordered again."""

    def handle(self, product: Product) -> None:
        if not product.active:
            product.record(Product.Activated())


def _price(price: Decimal, currency: str) -> Money:
    return money(price, currency, field="price", most=MOST)
