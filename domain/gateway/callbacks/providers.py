"""Providers of callbacks, and what is known of a callback that came in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.gateway.envelope import MAX_SKEW, read_instant
from domain.kit.process.web_address import WebAddressInvalid, read_web_address

_LONGEST_KEY = 200
_HEADERS = (
    "content-type",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
)
"""The headers that are kept; no other is, as they may hold what is secret. None by which PayPal signs is: of the
body they sign a CRC-32 alone, so whoever reads them could write another body to them."""
_LONGEST_HEADER = 500
_LONGEST_SIGNATURE = 1000

# A body is JSON of any shape, hence Any.
Json = Any


class CallbackProvider(StrEnum):
    """Who sends callbacks, which says how they are signed."""

    STRIPE = "stripe"
    PAYPAL = "paypal"
    SENDGRID = "sendgrid"
    SES = "ses"
    """Amazon SES, by a topic of SNS."""
    STANDARD_WEBHOOKS = "standard_webhooks"
    """Whoever signs as Standard Webhooks has it."""
    HMAC_SHA256 = "hmac_sha256"
    """Whoever sends an HMAC-SHA256 of the body in a header."""


SIGNATURE_HEADERS: Mapping[CallbackProvider, str] = {
    CallbackProvider.STRIPE: "stripe-signature",
    CallbackProvider.PAYPAL: "paypal-transmission-sig",
    CallbackProvider.SENDGRID: "x-twilio-email-event-webhook-signature",
    CallbackProvider.STANDARD_WEBHOOKS: "webhook-signature",
}
"""Where the signature stands, of those who always send it in the same header."""
_HTTP = frozenset(
    (
        "authorization",
        "cache-control",
        "connection",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "from",
        "host",
        "keep-alive",
        "max-forwards",
        "origin",
        "pragma",
        "range",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "www-authenticate",
    )
)
_OF_HTTP = ("accept", "content-", "if-", "proxy-", "sec-", "x-forwarded-")
"""How others begin."""


def of_http(header: str) -> bool:
    """Whether HTTP, or what stands between, says something of its own in a header."""
    return header.lower() in _HTTP or header.lower().startswith(_OF_HTTP)


WITH_CERTIFICATE = (CallbackProvider.PAYPAL, CallbackProvider.SES)
"""Those who sign by a certificate of their own, and with no secret of the source."""
TELL_OF_MAIL = (CallbackProvider.SENDGRID, CallbackProvider.SES)
"""Those whose callbacks tell what became of mail."""
TELL_OF_PAYMENTS = (CallbackProvider.STRIPE, CallbackProvider.PAYPAL)
"""Those whose callbacks tell what was paid."""
_TRANSMISSION = "paypal-transmission-id"
_LIVE, _SANDBOX = ".paypal.com", ".sandbox.paypal.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came in."""

    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes
    """As it came: the signature is over these bytes, not over what they mean."""
    received_at: datetime

    def header(self, name: str) -> str:
        """What a header says; nothing, where it is not there."""
        return self.headers.get(name, "")

    def kept(self) -> dict[str, str]:
        """The headers that are kept."""
        return {name: self.headers[name][:_LONGEST_HEADER] for name in _HEADERS if name in self.headers}


def signature_of(provider: CallbackProvider, callback: Callback, header: str) -> str:
    """The signature as it is kept; none of PayPal's, see `_HEADERS`. ``header``: where it stands at others."""
    kept = provider is not CallbackProvider.PAYPAL
    return callback.header(SIGNATURE_HEADERS.get(provider, header))[:_LONGEST_SIGNATURE] if kept else ""


def transmission_of(provider: CallbackProvider, callback: Callback) -> str | None:
    """The id of the delivery, where the signature leaves open which body came with it."""
    return callback.header(_TRANSMISSION) if provider is CallbackProvider.PAYPAL else None


def is_test(provider: CallbackProvider, callback: Callback, body: Json) -> bool:
    """Whether it is of the provider's test mode, in which no money moves, or does not say that it is not."""
    match provider:
        case CallbackProvider.STRIPE:
            return not isinstance(body, dict) or body.get("livemode") is not True
        case CallbackProvider.PAYPAL:
            host = f".{_host_of(callback.header('paypal-cert-url'))}"
            return host.endswith(_SANDBOX) or not host.endswith(_LIVE)
        case _:
            return False


def key_of_callback(provider: CallbackProvider, callback: Callback, body: Json) -> str:
    """By what a callback is the same when it comes again: what its provider signed as its id, or its content."""
    said = callback.header("webhook-id") if provider is CallbackProvider.STANDARD_WEBHOOKS else None
    if provider in (CallbackProvider.STRIPE, CallbackProvider.PAYPAL) and isinstance(body, dict):
        said = body.get("id")
    if isinstance(said, str) and 0 < len(said) <= _LONGEST_KEY and said.isascii() and said.isprintable():
        return said
    return hashlib.sha256(callback.body).hexdigest()


def occurred_at(provider: CallbackProvider, callback: Callback, body: Json) -> datetime:
    """When it happened, as its provider says it; when it was received, where they say nothing that can be."""
    said = body if isinstance(body, dict) else {}
    found: datetime | None = None
    try:
        match provider:
            case CallbackProvider.STRIPE:
                created = said.get("created")
                found = _epoch(created) if type(created) is int else None
            case CallbackProvider.PAYPAL:
                found = read_instant(said.get("create_time"))
            case CallbackProvider.STANDARD_WEBHOOKS:
                found = read_instant(said.get("timestamp"))
            case _:
                pass
    except (ValueError, OverflowError, OSError):
        pass
    return plausible(callback, found)


def plausible(callback: Callback, moment: datetime | None) -> datetime:
    """The moment at which it is said to have happened; when it was received, where that cannot be."""
    late, early = callback.received_at + MAX_SKEW, callback.received_at - timedelta(days=36_500)
    return moment if moment is not None and early < moment <= late else callback.received_at


def _host_of(url: str) -> str:
    try:
        return read_web_address(url).host
    except WebAddressInvalid:
        return ""


def _epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
