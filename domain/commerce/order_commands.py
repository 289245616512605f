"""The commands on orders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from domain.commerce.access import require_buyer, require_own, require_visible
from domain.commerce.order_fields import (
    MOST_ITEMS,
    Address,
    Cause,
    FailureWord,
    Method,
    OrderItem,
    PaymentId,
    PaymentProvider,
    ProductId,
    Quantity,
    RefundId,
)
from domain.commerce.order_numbers import OrderNumbers
from domain.commerce.orders import Order
from domain.commerce.products import MOST, Product, ProductIsInactive
from domain.kit.fields import Describe, Len, Personal, References, Requires
from domain.kit.model import Caller, Command, Invalid, NotFound, Refusal
from domain.kit.money.money import Currency, Money, digits_of, money, require_amount
from domain.kit.refusals import ViolationCode

USER = "identity.user"

Amount = Annotated[Decimal, Requires(require_amount), Describe("How much, in units of the currency.")]


class PriceDiffers(Refusal):
    """The price of {name} is {price}."""


class TotalDiffers(Refusal):
    """The items cost {total} together."""


class OneCurrencyOnly(Refusal):
    """An order is of one currency: {name} is sold in {currency}."""


class NothingToPay(Refusal):
    """An order costs more than 0."""


@dataclass(frozen=True, kw_only=True)
class OrderedProduct:
    """A product, and how many of it."""

    product_id: ProductId
    quantity: Quantity
    price: Annotated[
        Decimal | None,
        Describe("The price of one that the buyer was shown: the order is refused if it is another by now."),
    ] = None


def require_prices(items: tuple[OrderedProduct, ...], currency: str) -> None:
    """Raise Invalid for a price that is finer than its currency."""
    for item in items:
        if item.price is not None:
            money(item.price, currency, field="items")


def require_total(total_amount: Decimal | None, currency: str) -> None:
    """Raise Invalid for a total that is finer than its currency."""
    if total_amount is not None:
        money(total_amount, currency, field="total_amount")


class PlaceOrder(Command, requires=(require_prices, require_total)):
    """Place an order, at the prices that its products have now.

    For yourself it takes `commerce:buy` or `commerce:write`, for others `commerce:write`.
    """

    user_id: Annotated[
        UUID | None,
        References(USER, present=True),
        Describe("The user who buys; the caller by default. For others it takes `commerce:write`."),
    ] = None
    items: Annotated[tuple[OrderedProduct, ...], Len(1, MOST_ITEMS), Describe("What is ordered.")]
    currency: Currency
    total_amount: Annotated[
        Decimal | None, Describe("What the buyer is to pay: the order is refused if that is not its total.")
    ] = None
    payment_method: Method = None
    shipping_address: Annotated[Address, Personal(subject="user_id")] = ""

    @property
    def product_ids(self) -> tuple[UUID, ...]:
        """The products that are ordered, each once."""
        return tuple(dict.fromkeys(item.product_id for item in self.items))

    def handle(self, products: Mapping[UUID, Product], numbers: OrderNumbers, by: Caller) -> Order:
        buyer = self.user_id or by.user_id
        require_buyer(by, buyer)
        items = tuple(
            self._item(ordered, products.get(ordered.product_id), place)
            for place, ordered in enumerate(self.items)
        )
        total = self._total(items)
        placed = Order.Placed(
            number=numbers.give(self.id),
            user_id=buyer,
            items=items,
            total_amount=total.amount,
            currency=total.currency,
            payment_method=self.payment_method,
            shipping_address=self.shipping_address.strip(),
        )
        order = Order.begin(self.id, placed)
        order.refer(USER, buyer, field="user_id")
        return order

    def _item(self, ordered: OrderedProduct, product: Product | None, place: int) -> OrderItem:
        at = ("items", place, "product_id")
        if product is None:
            raise NotFound(path=at, what="product")
        if not product.active:
            raise ProductIsInactive(path=at, name=product.name)
        if product.currency != self.currency:
            raise OneCurrencyOnly(field="currency", name=product.name, currency=product.currency)
        if ordered.price is not None and Money(ordered.price, self.currency) != product.costs:
            raise PriceDiffers(path=("items", place, "price"), name=product.name, price=product.costs)
        return OrderItem(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            price=product.price,
            quantity=ordered.quantity,
        )

    def _total(self, items: Iterable[OrderItem]) -> Money:
        units = sum(Money(item.price, self.currency).minor * item.quantity for item in items)
        if not units:
            raise NothingToPay(field="items")
        costs = Decimal(units).scaleb(-digits_of(self.currency))
        total = money(costs, self.currency, field="items", most=MOST)
        said = self.total_amount
        if said is not None and Money(said, self.currency) != total:
            raise TotalDiffers(field="total_amount", total=total)
        return total


class CancelOrder(Command):
    """Cancel an order that is not fulfilled; what was paid for it is owed back.

    For the orders of others it takes `commerce:write`.
    """

    reason: Cause = None

    def handle(self, order: Order, by: Caller) -> None:
        require_visible(by, order.user_id)
        require_own(by, order.user_id, field="id")
        order.cancel(self.reason)


class FulfilOrder(Command):
    """Record that all of a paid order was sent."""

    def handle(self, order: Order) -> None:
        order.fulfil()


def require_moved(amount: Decimal, currency: str) -> None:
    """Raise Invalid for what is no amount that was paid in this currency."""
    if not money(amount, currency, field="amount", most=MOST):
        raise Invalid(field="amount", reason="must be more than 0", why=ViolationCode.TOO_SMALL, minimum=0)


class RecordPayment(Command, requires=(require_moved,)):
    """Record that a payment of an order was settled, once, however often its provider tells of it."""

    provider: PaymentProvider
    payment_id: PaymentId
    amount: Amount
    currency: Currency

    def handle(self, order: Order) -> None:
        paid = Money(self.amount, self.currency)
        order.settle(self.provider, self.payment_id.strip(), paid)


class RecordPaymentFailure(Command):
    """Record that a payment of an order failed; it can be paid again."""

    provider: PaymentProvider
    payment_id: PaymentId
    reason: FailureWord = ""

    def handle(self, order: Order) -> None:
        order.fail(self.provider, self.payment_id.strip(), self.reason)


class RecordRefund(Command, requires=(require_moved,)):
    """Record that money of a payment was refunded, once, however often its provider tells of it."""

    provider: PaymentProvider
    payment_id: PaymentId
    refund_id: RefundId
    amount: Amount
    currency: Currency

    def handle(self, order: Order) -> None:
        refunded = Money(self.amount, self.currency)
        order.refund(self.provider, self.payment_id.strip(), self.refund_id.strip(), refunded)
