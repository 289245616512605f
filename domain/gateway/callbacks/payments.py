"""What callbacks tell of payments."""

from domain.gateway.callbacks.notices import Json, PaymentNotice
from domain.gateway.callbacks.paypal_payments import payment_of_paypal
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.callbacks.stripe_payments import payment_of_stripe


def payment_in(provider: CallbackProvider, body: Json) -> PaymentNotice | None:
    """What a callback tells of a payment; None for one that tells of none."""
    match provider:
        case CallbackProvider.STRIPE:
            return payment_of_stripe(body)
        case CallbackProvider.PAYPAL:
            return payment_of_paypal(body)
        case _:
            return None
