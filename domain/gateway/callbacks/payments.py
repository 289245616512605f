"""What callbacks tell of payments, and of whom they tell it."""

from dataclasses import replace

from domain.gateway.callbacks.notices import (
    InvoiceReference,
    Json,
    PaymentNotice,
    PaymentOutcome,
    Unread,
    invoice_of,
    object_in,
)
from domain.gateway.callbacks.paypal_payments import payer_of_paypal, payment_of_paypal
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.callbacks.stripe_payments import customer_of_stripe, payment_of_stripe


def payment_in(provider: CallbackProvider, body: Json) -> PaymentNotice | None:
    """What a callback tells of a payment; None for one that tells of none."""
    match provider:
        case CallbackProvider.STRIPE:
            return payment_of_stripe(body)
        case CallbackProvider.PAYPAL:
            return payment_of_paypal(body)
        case _:
            return None


def invoice_named(provider: CallbackProvider, body: Json) -> Json:
    """What names the invoice of a tenant in a callback: at Stripe the entry `invoice_id` of an object's metadata,
    at PayPal the `custom_id` of a capture; None where nothing does."""
    match provider:
        case CallbackProvider.STRIPE:
            return object_in(body, "data", "object", "metadata").get("invoice_id")
        case CallbackProvider.PAYPAL:
            return object_in(body, "resource").get("custom_id")
        case _:
            return None


def with_invoice(payment: PaymentNotice, named: Json) -> tuple[PaymentNotice, InvoiceReference | None]:
    """A payment, with whether what it is said to be for can be read, and the invoice that this names."""
    invoice = invoice_of(named)
    unread = payment.unread
    if invoice is not None:
        unread = None if unread is Unread.ORDER else unread
    elif (
        named not in (None, "") and payment.order_id is None and payment.outcome is not PaymentOutcome.FAILED
    ):
        # Of what failed no money has moved.
        unread = unread or Unread.ORDER
    return replace(payment, unread=unread), invoice


def person_in(provider: CallbackProvider, body: Json) -> str | None:
    """By which name the provider knows whom a callback is about; None, where it names nobody."""
    match provider:
        case CallbackProvider.STRIPE:
            return customer_of_stripe(body) or None
        case CallbackProvider.PAYPAL:
            return payer_of_paypal(body) or None
        case _:
            return None
