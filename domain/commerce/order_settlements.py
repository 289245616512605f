"""What orders remember of their payments and refunds, and how they stand after each."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from domain.commerce.order_fields import Owed, Paid, PaymentProvider, Refunded, Status
from domain.commerce.order_states import OrderStatus
from domain.kit.model import Event


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Money that a provider has settled, and what of it was refunded."""

    amount: Decimal
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Refund:
    """Money of a payment that went back."""

    payment_id: str
    amount: Decimal


class Settlement(Event):
    """How an order stands after it, so that readers need no state."""

    status: Status
    paid_amount: Paid
    refunded_amount: Refunded
    refund_owed: Owed


class Standing(TypedDict):
    """The fields of a `Settlement`."""

    status: OrderStatus
    paid_amount: Decimal
    refunded_amount: Decimal
    refund_owed: Decimal


def payment_key(provider: PaymentProvider, id: str) -> str:
    """By what a payment, or a refund, is known in a tenant: ids are a provider's own."""
    return f"{provider.value}:{id}"
