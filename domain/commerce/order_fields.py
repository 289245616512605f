"""What orders are told with: the fields of their events and commands."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.commerce.order_states import OrderStatus
from domain.commerce.products import Name, Price, Sku
from domain.kit.fields import Authored, Confidential, Describe, Internal, Interval, Len, Pattern
from domain.kit.model import ONE_LINE

MOST_ITEMS = 100
LONGEST_WORD, _WORD = 100, "[A-Za-z0-9_.-]*"

Quantity = Annotated[int, Interval(ge=1, le=1_000_000), Internal(), Describe("How many are ordered.")]
ProductId = Annotated[UUID, Internal(), Describe("The product's id.")]
Buyer = Annotated[UUID, Internal(), Describe("The user who buys.")]
Total = Annotated[Decimal, Internal(), Describe("What the items cost together, in units of the currency.")]
Paid = Annotated[Decimal, Internal(), Describe("What was paid in all.")]
Refunded = Annotated[Decimal, Internal(), Describe("What was refunded in all.")]
Owed = Annotated[Decimal, Internal(), Describe("What is to be refunded: paid twice, too much, or too late.")]
Moved = Annotated[Decimal, Internal(), Describe("How much, in units of the order's currency.")]
Status = Annotated[OrderStatus, Internal(), Describe("The order's status after it.")]
PaymentId = Annotated[
    str, Len(1, 200), ONE_LINE, Internal(), Authored(), Describe("The payment's id at the payment provider.")
]
RefundId = Annotated[
    str, Len(1, 200), ONE_LINE, Internal(), Authored(), Describe("The refund's id at the payment provider.")
]
Address = Annotated[
    str,
    Len(0, 1000),
    Confidential(),
    Describe("Where it is shipped to, in the lines of a label; empty for what is not shipped."),
]


class PaymentProvider(StrEnum):
    """Who moves the money of a payment."""

    STRIPE = "stripe"
    PAYPAL = "paypal"
    MANUAL = "manual"
    """People of the tenant have seen it, as a transfer or cash."""


class PaymentStatus(StrEnum):
    """The status of a payment."""

    SETTLED = "settled"
    FAILED = "failed"


class PaymentMethod(StrEnum):
    """How a buyer pays."""

    CARD = "card"
    PAYPAL = "paypal"
    WALLET = "wallet"
    BANK_TRANSFER = "bank_transfer"
    DIRECT_DEBIT = "direct_debit"
    INSTALMENTS = "instalments"
    INVOICE = "invoice"
    CASH = "cash"
    OTHER = "other"


class CancelReason(StrEnum):
    """Why an order is cancelled."""

    CHANGED_MIND = "changed_mind"
    """The buyer wants it no more."""
    MISTAKE = "mistake"
    """It was placed by mistake."""
    TOO_LATE = "too_late"
    """It would come too late."""
    NOT_AVAILABLE = "not_available"
    """What was bought is not available."""
    NOT_PAID = "not_paid"
    FRAUD = "fraud"
    OTHER = "other"


def value_of(values: type[StrEnum], said: object) -> str | None:
    """The value that a text of old is; of any other text, that there was one."""
    return said if isinstance(said, str) and said in {*values} else "other" if said else None


def word_in(said: object) -> str:
    """The `FailureWord` that a text of old is; empty for any other text."""
    word = isinstance(said, str) and len(said) <= LONGEST_WORD and re.fullmatch(_WORD, said)
    return word[0] if word else ""


# Neither is a text: what a buyer writes would outlive them in an order, which is kept.
Method = Annotated[PaymentMethod | None, Internal(), Describe("How the buyer pays; null: they did not say.")]
Cause = Annotated[CancelReason | None, Internal(), Describe("Why it was cancelled; null: nobody said so.")]
FailureWord = Annotated[
    str,
    Len(0, LONGEST_WORD),
    Pattern(_WORD, "must be a word such as card_declined"),
    Internal(),
    Authored(),
    Describe("Why it failed, in a word."),
]
Provider = Annotated[PaymentProvider, Internal(), Describe("The payment provider.")]


@dataclass(frozen=True, kw_only=True)
class OrderItem:
    """What is ordered of one product, as it was when the order was placed."""

    product_id: ProductId
    sku: Sku
    name: Name
    price: Price
    quantity: Quantity


Items = Annotated[tuple[OrderItem, ...], Len(1, MOST_ITEMS), Internal(), Describe("What is ordered.")]
