"""What Stripe's events tell of payments. An order is named by the entry `order_id` of an object's metadata."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from uuid import UUID

from domain.gateway.callbacks.notices import (
    Json,
    PaymentNotice,
    PaymentOutcome,
    currency_of,
    id_of,
    object_in,
    order_of,
    unread_of,
    word_of,
)

# Stripe's units are its own: https://docs.stripe.com/currencies. MGA has minor units in ISO 4217 and none here;
# ISK and UGX have none in ISO 4217, and two decimal places here.
_WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_MOST = 10**15
_REFERENCE = "order_id"
# One that succeeded may fail a month later: the bank of who paid sends the money back.
_OUTCOMES = {
    "succeeded": PaymentOutcome.REFUNDED,
    "failed": PaymentOutcome.REFUND_FAILED,
    "canceled": PaymentOutcome.REFUND_FAILED,
}


def payment_of_stripe(event: Json) -> PaymentNotice | None:
    """What an event tells of a payment; None for one that tells of none."""
    kind = event.get("type") if isinstance(event, dict) else None
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return read(event) if read else None


def customer_of_stripe(event: Json) -> str:
    """The customer whom an event is about; empty, where it names none."""
    object = object_in(event, "data", "object")
    if object.get("object") == "customer":
        return id_of(object.get("id"))
    # Stripe puts the customer in place of their id where it is asked to.
    return id_of(object.get("customer")) or id_of(object_in(object, "customer").get("id"))


def amount_of_stripe(units: Json, currency: str) -> Decimal | None:
    """The amount that Stripe says in its smallest units; None for what is no amount above 0."""
    if type(units) is not int or not 0 < units < _MOST or not currency:
        return None
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return Decimal(units).scaleb(-digits)


def _settled(event: Json) -> PaymentNotice | None:
    intent = object_in(event, "data", "object")
    return _moved(intent, intent.get("id"), intent.get("amount_received"))


def _session_settled(event: Json) -> PaymentNotice | None:
    session = object_in(event, "data", "object")
    if session.get("payment_status") != "paid":
        # Of some methods the money comes later: another event tells of it.
        return None
    return _moved(session, session.get("payment_intent"), session.get("amount_total"))


def _moved(paid: dict[str, Json], payment: Json, units: Json) -> PaymentNotice | None:
    payment_id, currency = id_of(payment), currency_of(paid.get("currency"))
    amount = amount_of_stripe(units, currency)
    if not payment_id or _is_nothing(units):
        return None
    return PaymentNotice(
        outcome=PaymentOutcome.SETTLED,
        payment_id=payment_id,
        order_id=_order(paid),
        amount=amount or Decimal(0),
        currency=currency,
        unread=unread_of(amount, *_references(paid)),
    )


def _failed(event: Json) -> PaymentNotice | None:
    failed = object_in(event, "data", "object")
    error = object_in(failed, "last_payment_error")
    payment_id = id_of(failed.get("payment_intent") if "payment_intent" in failed else failed.get("id"))
    if not payment_id:
        return None
    return PaymentNotice(
        outcome=PaymentOutcome.FAILED,
        payment_id=payment_id,
        order_id=_order(failed),
        reason=word_of(error.get("decline_code")) or word_of(error.get("code")),
    )


def _refunded(event: Json) -> PaymentNotice | None:
    refund = object_in(event, "data", "object")
    status = refund.get("status")
    outcome = _OUTCOMES.get(status) if isinstance(status, str) else None
    if outcome is None:
        # It is under way: another event tells what comes of it.
        return None
    refund_id, currency = id_of(refund.get("id")), currency_of(refund.get("currency"))
    payment_id = id_of(refund.get("payment_intent")) or id_of(refund.get("charge"))
    amount = amount_of_stripe(refund.get("amount"), currency)
    if not refund_id or not payment_id or _is_nothing(refund.get("amount")):
        return None
    return PaymentNotice(
        outcome=outcome,
        payment_id=payment_id,
        order_id=_order(refund),
        amount=amount or Decimal(0),
        currency=currency,
        refund_id=refund_id,
        reason=word_of(refund.get("failure_reason")),
        unread=unread_of(amount, *_references(refund)),
    )


def _order(paid: dict[str, Json]) -> UUID | None:
    return order_of(*_references(paid))


def _references(paid: dict[str, Json]) -> tuple[Json, Json]:
    return object_in(paid, "metadata").get(_REFERENCE), paid.get("client_reference_id")


def _is_nothing(units: Json) -> bool:
    """Whether no money moved."""
    return type(units) is int and units == 0


_READERS: Mapping[str, Callable[[Json], PaymentNotice | None]] = {
    "payment_intent.succeeded": _settled,
    "payment_intent.payment_failed": _failed,
    "checkout.session.completed": _session_settled,
    "checkout.session.async_payment_succeeded": _session_settled,
    "checkout.session.async_payment_failed": _failed,
    "refund.created": _refunded,
    "refund.updated": _refunded,
    "refund.failed": _refunded,
    "charge.refund.updated": _refunded,
}
