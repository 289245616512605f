"""Payments as providers tell of them, whoever that is."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Len
from domain.kit.ids import read_id
from domain.kit.sealed import resembles_sealed

# What a provider sends is JSON of any shape, hence Any.
Json = Any

_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,150}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_CURRENCY = re.compile("[A-Z]{3}")
_LONGEST_NUMBER = 50


class PaymentOutcome(StrEnum):
    """What became of a payment."""

    SETTLED = "settled"
    FAILED = "failed"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    """Money that was to go back, or seemed to have gone, is with the provider."""


class Unread(StrEnum):
    """What a notice of moved money says in a way that cannot be read."""

    ORDER = "order"
    AMOUNT = "amount"
    """The amount, or its currency."""


@dataclass(frozen=True, kw_only=True)
class InvoiceReference:
    """An invoice of a tenant's own subscription, as its payment names it: `tenant id/subscription id/number`."""

    tenant_id: Annotated[UUID, Internal(), Describe("The tenant that pays.")]
    subscription_id: Annotated[UUID, Internal(), Describe("Its subscription.")]
    number: Annotated[
        str, Len(1, _LONGEST_NUMBER), Internal(), Authored(), Describe("The number of the invoice.")
    ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.subscription_id}/{self.number}"


@dataclass(frozen=True, kw_only=True)
class PaymentNotice:
    """What a provider tells of a payment."""

    outcome: Annotated[PaymentOutcome, Internal(), Describe("What became of it.")]
    payment_id: Annotated[str, Len(1, 150), Internal(), Authored(), Describe("Its id at the provider.")]
    order_id: Annotated[
        UUID | None,
        Internal(),
        Describe("The order that its reference at the provider names, if it names one."),
    ] = None
    amount: Annotated[
        Decimal,
        Internal(),
        Describe(
            "How much was paid or refunded, in units of the currency; 0 if it failed or cannot be read."
        ),
    ] = Decimal(0)
    currency: Annotated[
        str, Len(0, 3), Internal(), Describe("The currency; empty if it failed or cannot be read.")
    ] = ""
    refund_id: Annotated[
        str, Len(0, 200), Internal(), Authored(), Describe("The refund's id at the provider.")
    ] = ""
    reason: Annotated[str, Len(0, 100), Internal(), Authored(), Describe("Why it failed, in a word.")] = ""
    unread: Annotated[
        Unread | None, Internal(), Describe("What it says, and cannot be read; null: nothing.")
    ] = None


def object_in(value: Json, *path: str) -> dict[str, Json]:
    """The object at a place; an empty one, where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def id_of(value: Json) -> str:
    """The id that a value is; empty for what is none."""
    return value if isinstance(value, str) and _ID.fullmatch(value) and not resembles_sealed(value) else ""


def word_of(value: Json) -> str:
    """The word that a value is; empty for what is none, as a sentence that may name somebody."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) and not resembles_sealed(value) else ""


def currency_of(value: Json) -> str:
    """The three letters of a currency; empty for what is none."""
    said = value.upper() if isinstance(value, str) and value.isascii() else ""
    return said if _CURRENCY.fullmatch(said) else ""


def order_of(*references: Json) -> UUID | None:
    """The order that the first reference names which is an id."""
    for reference in references:
        try:
            return read_id(reference)
        except ValueError:
            continue
    return None


def unread_of(amount: Decimal | None, *references: Json) -> Unread | None:
    """What of an amount, and of what names the order, cannot be read."""
    if amount is None:
        return Unread.AMOUNT
    names = any(reference not in (None, "") for reference in references)
    return Unread.ORDER if names and order_of(*references) is None else None


def invoice_of(reference: Json) -> InvoiceReference | None:
    """The invoice that a reference names; None for one that names none."""
    parts = reference.split("/", 2) if isinstance(reference, str) else []
    if len(parts) != 3:
        return None
    number = parts[2].strip()
    if not 0 < len(number) <= _LONGEST_NUMBER or not number.isprintable():
        return None
    try:
        tenant_id, subscription_id = map(read_id, parts[:2])
    except ValueError:
        return None
    return InvoiceReference(tenant_id=tenant_id, subscription_id=subscription_id, number=number)
