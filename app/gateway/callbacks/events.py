"""The events that a callback becomes."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid5

from domain.gateway.bodies import NotEvents, read_json, read_value
from domain.gateway.callbacks.mail import mail_in, type_of
from domain.gateway.callbacks.mail_notices import MESSAGE, MailItem
from domain.gateway.callbacks.payments import invoice_named, payment_in, person_in, with_invoice
from domain.gateway.callbacks.providers import (
    TELL_OF_MAIL,
    Callback,
    CallbackProvider,
    is_test,
    key_of_callback,
    occurred_at,
    plausible,
    signature_of,
    transmission_of,
)
from domain.gateway.events import OutsideEvent
from domain.gateway.outcomes import TEST_MODE, EventViolation, ReceivedEvent
from domain.kit.refusals import ViolationCode
from projections.gateway.sources import SourceRow

TYPE = "integration.webhook.received"

_TEST = EventViolation(
    TEST_MODE,
    ViolationCode.UNSUITABLE,
    ("data", "payload", "payload"),
    "This payment is of the provider's test mode, or does not say that it is not; that counts in environments for "
    "tests alone.",
)

# The body of a callback is JSON of any shape, hence Any.
Json = Any


def body_in(callback: Callback) -> Json:
    """What the body of a callback says. Raises ValueError with the end of a sentence."""
    try:
        return read_json(callback.body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotEvents("it is not UTF-8") from None


def unreadable(callback: Callback, said: ValueError) -> ReceivedEvent:
    """The event of a callback whose body cannot be read."""
    message = f"The body of the callback cannot be read: {said}."
    fault = EventViolation("json", ViolationCode.FORMAT, (), message[:500])
    return ReceivedEvent(None, callback.body.decode(errors="surrogateescape"), fault)


def events_of(
    source: SourceRow,
    callback: Callback,
    body: Json,
    started: float,
    *,
    ours: bool,
    tests_count: bool,
    fingerprint: Callable[[str], str],
) -> list[ReceivedEvent]:
    """The events that a callback is. ``ours``: it came by a source of the platform, which alone tells what tenants
    have paid; ``tests_count``: so do payments of the provider's test mode; ``fingerprint``: of an address."""
    assert source.provider is not None
    if source.provider in TELL_OF_MAIL:
        try:
            items = mail_in(source.provider, body)
        except ValueError as error:
            return [unreadable(callback, error)]
        return [_mail(source, source.provider, callback, item, fingerprint) for item in items]
    return [_single(source, source.provider, callback, body, started, ours=ours, tests_count=tests_count)]


def _mail(
    source: SourceRow,
    provider: CallbackProvider,
    callback: Callback,
    item: MailItem,
    fingerprint: Callable[[str], str],
) -> ReceivedEvent:
    named = item.notice and item.notice.message_id
    key = item.key if item.keyed else fingerprint(item.key)
    value = {
        "eventId": _id(source, key),
        "eventType": type_of(item),
        "timestamp": plausible(callback, item.occurred_at).isoformat(),
        "data": {
            "payload": {
                "provider": provider.value,
                **({"messageId": str(named)} if named else {}),
                **{name: each for name, each in item.details.items() if name != MESSAGE},
            }
        },
    }
    beside: tuple[OutsideEvent.MailTold, ...] = ()
    if item.notice is not None:
        notice = replace(item.notice, address=fingerprint(item.address) if item.address else "")
        beside = (OutsideEvent.MailTold(source_id=source.id, provider=provider, mail=notice),)
    return replace(read_value(value), once=key, told=beside)


def _single(
    source: SourceRow,
    provider: CallbackProvider,
    callback: Callback,
    body: Json,
    started: float,
    *,
    ours: bool,
    tests_count: bool,
) -> ReceivedEvent:
    key = key_of_callback(provider, callback, body)
    received = read_value(_envelope(source, provider, callback, key, body, started))
    payment = payment_in(provider, body)
    if payment is not None and not tests_count and is_test(provider, callback, body):
        return replace(received, unreadable=received.unreadable or _TEST)
    invoice = None
    if payment is not None and ours:
        payment, invoice = with_invoice(payment, invoice_named(provider, body))
    beside = payment and OutsideEvent.PaymentTold(
        source_id=source.id, provider=provider, payment=payment, invoice=invoice
    )
    return replace(
        received,
        once=key,
        told=(beside,) if beside else (),
        transmission=transmission_of(provider, callback),
    )


def _envelope(
    source: SourceRow, provider: CallbackProvider, callback: Callback, key: str, body: Json, started: float
) -> dict[str, Any]:
    person = person_in(provider, body)
    return {
        "eventId": _id(source, key),
        "eventType": TYPE,
        "timestamp": occurred_at(provider, callback, body).isoformat(),
        **({"userId": person} if person else {}),
        "data": {
            "payload": {"webhookId": key, "source": provider.value, "payload": body},
            "metadata": {
                "headers": callback.kept(),
                "signature": signature_of(provider, callback, source.signature_header),
                "processingTime": round(1000 * (time.perf_counter() - started), 3),
            },
        },
    }


def _id(source: SourceRow, key: str) -> str:
    return str(uuid5(source.id, f"callback {key}"))
