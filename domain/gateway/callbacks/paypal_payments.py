"""What PayPal's events tell of payments. An order is named by the `custom_id` of a capture."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

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

_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")
_OUTCOMES = {
    "COMPLETED": PaymentOutcome.REFUNDED,
    "FAILED": PaymentOutcome.REFUND_FAILED,
    "CANCELLED": PaymentOutcome.REFUND_FAILED,
}
_CAPTURE = re.compile(r"/v2/payments/captures/([A-Za-z0-9-]{1,100})")


def payment_of_paypal(event: Json) -> PaymentNotice | None:
    """What an event tells of a payment; None for one that tells of none."""
    kind = event.get("event_type") if isinstance(event, dict) else None
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return read(object_in(event, "resource")) if read else None


def payer_of_paypal(event: Json) -> str:
    """The payer whom an event is about; empty, where it names none."""
    resource = object_in(event, "resource")
    places = (("payer",), ("payer", "payer_info"), ("subscriber",))
    found = [id_of(object_in(resource, *place).get("payer_id")) for place in places]
    return next(filter(None, found), "")


def _settled(capture: dict[str, Json]) -> PaymentNotice | None:
    payment_id, (amount, currency) = id_of(capture.get("id")), _amount(capture)
    if not payment_id or amount == 0:
        return None
    return PaymentNotice(
        outcome=PaymentOutcome.SETTLED,
        payment_id=payment_id,
        order_id=order_of(capture.get("custom_id")),
        amount=amount or Decimal(0),
        currency=currency,
        unread=unread_of(amount, capture.get("custom_id")),
    )


def _failed(capture: dict[str, Json]) -> PaymentNotice | None:
    payment_id = id_of(capture.get("id"))
    if not payment_id:
        return None
    return PaymentNotice(
        outcome=PaymentOutcome.FAILED,
        payment_id=payment_id,
        order_id=order_of(capture.get("custom_id")),
        reason=word_of(object_in(capture, "status_details").get("reason")),
    )


def _refunded(refund: dict[str, Json]) -> PaymentNotice | None:
    refund_id, payment_id, (amount, currency) = id_of(refund.get("id")), _capture_of(refund), _amount(refund)
    status = refund.get("status")
    # Of one that is pending, another event tells what comes of it.
    outcome = _OUTCOMES.get(status) if isinstance(status, str) else None
    if not refund_id or not payment_id or amount == 0 or outcome is None:
        return None
    return PaymentNotice(
        outcome=outcome,
        payment_id=payment_id,
        order_id=order_of(refund.get("custom_id")),
        amount=amount or Decimal(0),
        currency=currency,
        refund_id=refund_id,
        reason=word_of(object_in(refund, "status_details").get("reason")),
        unread=unread_of(amount, refund.get("custom_id")),
    )


def _capture_of(refund: dict[str, Json]) -> str:
    """The capture of which something was refunded: the link `up` names it."""
    links = refund.get("links")
    for link in links if isinstance(links, list) else ():
        href = link.get("href") if isinstance(link, dict) and link.get("rel") == "up" else None
        if isinstance(href, str) and (found := _CAPTURE.search(href)):
            return found[1]
    return ""


def _amount(moved: dict[str, Json]) -> tuple[Decimal | None, str]:
    """The amount, None for what is none, and its currency."""
    said = object_in(moved, "amount")
    value, currency = said.get("value"), currency_of(said.get("currency_code"))
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value) or not currency:
        return None, currency
    return Decimal(value), currency


_READERS: Mapping[str, Callable[[dict[str, Json]], PaymentNotice | None]] = {
    "PAYMENT.CAPTURE.COMPLETED": _settled,
    "PAYMENT.CAPTURE.DENIED": _failed,
    "PAYMENT.CAPTURE.DECLINED": _failed,
    "PAYMENT.CAPTURE.REFUNDED": _refunded,
    "PAYMENT.CAPTURE.REVERSED": _refunded,
    "PAYMENT.REFUND.FAILED": _refunded,
}
