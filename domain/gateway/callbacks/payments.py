"""What callbacks tell of payments, and of whom they tell it."""

from domain.gateway.callbacks.notices import Json, PaymentNotice
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


def person_in(provider: CallbackProvider, body: Json) -> str | None:
    """By which name the provider knows whom a callback is about; None, where it names nobody."""
    match provider:
        case CallbackProvider.STRIPE:
            return customer_of_stripe(body) or None
        case CallbackProvider.PAYPAL:
            return payer_of_paypal(body) or None
        case _:
            return None
