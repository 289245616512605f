"""The shop of a demo company: its products, and what is ordered and paid over ninety days."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from app.demo.words import STREETS, WARES
from domain.commerce.order_commands import (
    CancelOrder,
    FulfilOrder,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    RecordPaymentFailure,
    RecordRefund,
)
from domain.commerce.order_fields import CancelReason, PaymentMethod, PaymentProvider
from domain.commerce.products import ChangeProductPrice, CreateProduct
from domain.kit.commands import Command
from domain.kit.money.money import Money, sum_of

Step = tuple[datetime, UUID, Command]
_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Who sells and buys, and how much."""

    id: UUID
    """The company's."""
    owner: UUID
    buyers: Sequence[UUID]
    orders: int

    def product(self, number: int) -> UUID:
        """The id of one of its products, from 0."""
        return uuid5(self.id, f"product {number}")

    def order(self, number: int) -> UUID:
        """The id of one of its orders, from 0."""
        return uuid5(self.id, f"order {number}")


def sales(shop: Shop, start: datetime, days: int) -> Iterator[Step]:
    """Everything that happens in it; the same start always tells the same."""
    if not shop.orders:
        return
    chance = random.Random(20260202)
    prices = {number: Money(Decimal(price), _CURRENCY) for number, (_, price) in enumerate(WARES)}
    for number, (name, _) in enumerate(WARES):
        created = CreateProduct(
            id=shop.product(number),
            sku=f"W-{number + 1:03}",
            name=name,
            price=prices[number].amount,
            currency=_CURRENCY,
        )
        yield start + timedelta(minutes=50, seconds=number), shop.owner, created
    dearer = Money(Decimal("1.00"), _CURRENCY)
    raised = ChangeProductPrice(id=shop.product(0), price=(prices[0] + dearer).amount)
    middle = start + timedelta(days=days // 2)
    yield middle, shop.owner, raised
    for number in range(shop.orders):
        at = start + timedelta(hours=3) + timedelta(days=days, hours=-4) * (number / shop.orders)
        # An hour around the change no order is placed: what it costs must be known here.
        if abs(at - middle) < timedelta(hours=1):
            at = middle - timedelta(hours=1)
        now = {**prices, 0: prices[0] + dearer} if at > middle else prices
        yield from _order(shop, number, at, start + timedelta(days=days), now, chance)


def _order(
    shop: Shop,
    number: int,
    at: datetime,
    end: datetime,
    prices: dict[int, Money],
    chance: random.Random,
) -> Iterator[Step]:
    id, buyer = shop.order(number), chance.choice(shop.buyers)
    wares = chance.sample(range(len(WARES)), chance.choice((1, 1, 2, 3)))
    counts = {ware: chance.choice((1, 1, 1, 2, 5)) for ware in wares}
    total = sum_of((prices[ware] * count for ware, count in counts.items()), currency=_CURRENCY)
    street = f"{chance.choice(STREETS)} {chance.randint(1, 99)}"
    provider = chance.choice((PaymentProvider.STRIPE, PaymentProvider.STRIPE, PaymentProvider.PAYPAL))
    placed = PlaceOrder(
        id=id,
        user_id=buyer,
        items=tuple(
            OrderedProduct(product_id=shop.product(ware), quantity=count) for ware, count in counts.items()
        ),
        currency=_CURRENCY,
        payment_method=PaymentMethod.CARD if provider is PaymentProvider.STRIPE else PaymentMethod.PAYPAL,
        shipping_address=f"{street}\n1010 Vienna\nAustria",
    )
    yield at, buyer, placed
    for wait, by, command in _afterwards(shop, id, buyer, provider, total, chance):
        at += wait
        if at >= end:
            return
        yield at, by, command


def _afterwards(
    shop: Shop, id: UUID, buyer: UUID, provider: PaymentProvider, total: Money, chance: random.Random
) -> Iterator[tuple[timedelta, UUID, Command]]:
    fate, minute, payment = chance.random(), timedelta(minutes=1), f"{id.hex[:16]}"
    if fate < 0.05:
        yield 30 * minute, buyer, CancelOrder(id=id, reason=CancelReason.MISTAKE)
        return
    if fate < 0.13:
        failed = RecordPaymentFailure(
            id=id, provider=provider, payment_id=f"{payment}a", reason="card_declined"
        )
        yield 2 * minute, shop.owner, failed
    if fate < 0.08:
        return
    paid = RecordPayment(
        id=id, provider=provider, payment_id=payment, amount=total.amount, currency=total.currency
    )
    yield 5 * minute, shop.owner, paid
    if fate > 0.95:
        back, _ = total.split((1, 1))
        refunded = RecordRefund(
            id=id,
            provider=provider,
            payment_id=payment,
            refund_id=f"{payment}r",
            amount=back.amount,
            currency=back.currency,
        )
        yield timedelta(hours=5), shop.owner, refunded
    yield timedelta(hours=chance.randint(6, 60)), shop.owner, FulfilOrder(id=id)
