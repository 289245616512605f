"""Signatures of callbacks, over the bytes of the body as they came. What is no signature is no good one; nothing
is raised."""

import base64
import binascii
import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.gateway.callbacks.providers import SIGNATURE_HEADERS, Callback, CallbackProvider
from domain.gateway.envelope import MAX_SKEW, read_instant
from domain.gateway.webhook_signature import PREFIX

LONGEST_RETRY = timedelta(days=4)
"""PayPal sends for three days what is not taken, with the time of the first try."""
_AGE = timedelta(minutes=5)
"""How far from our clock the time may be that others sign, either way."""
_MOST = 10
"""So many signatures of one callback are looked at."""
_SECONDS = re.compile("[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedText:
    """What has been signed by a key that stands in a certificate of the provider's."""

    text: bytes
    signature: bytes
    certificate: str
    """The address of the certificate, as the callback has it: anybody may have written it."""
    sha1: bool = False
    """Whether the signature is of a SHA-1 of the text, and of a SHA-256 otherwise."""


def is_signed(
    provider: CallbackProvider, callback: Callback, secrets: Sequence[str], *, header: str = ""
) -> bool:
    """Whether a callback is signed by one of the secrets. ``header``: where an HMAC stands that is of no standard.

    PayPal and SNS sign by a certificate, see `paypal_text` and `sns_text`.
    """
    said = callback.header(SIGNATURE_HEADERS.get(provider, header.lower()))
    match provider:
        case CallbackProvider.STRIPE:
            return _stripe(callback, said, secrets)
        case CallbackProvider.STANDARD_WEBHOOKS:
            return _standard(callback, said, secrets)
        case CallbackProvider.HMAC_SHA256:
            return _plain(callback, said, secrets)
        case CallbackProvider.SENDGRID:
            return _sendgrid(callback, said, secrets)
        case CallbackProvider.PAYPAL | CallbackProvider.SES:
            return False


def paypal_text(callback: Callback, webhook_id: str) -> SignedText | None:
    """What PayPal has signed, with the id of the webhook there; None for what they do not send now."""
    id, time = callback.header("paypal-transmission-id"), callback.header("paypal-transmission-time")
    if not webhook_id or not id or callback.header("paypal-auth-algo").upper() != "SHA256WITHRSA":
        return None
    try:
        sent_at = read_instant(time)
    except ValueError:
        return None
    if not callback.received_at - LONGEST_RETRY <= sent_at <= callback.received_at + MAX_SKEW:
        return None
    return SignedText(
        text=f"{id}|{time}|{webhook_id}|{zlib.crc32(callback.body)}".encode(errors="replace"),
        signature=decoded(callback.header("paypal-transmission-sig")),
        certificate=callback.header("paypal-cert-url"),
    )


def verification_key(text: str) -> EllipticCurvePublicKey:
    """The key with which SendGrid's signatures are verified, as they show it. Raises ValueError."""
    try:
        key = load_der_public_key(decoded(text))
    except UnsupportedAlgorithm:
        raise ValueError("This is a key of another kind.") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("This is a key of another kind.")
    return key


def decoded(text: str) -> bytes:
    """The bytes that a text in Base64 says, none for any other."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _stripe(callback: Callback, said: str, secrets: Sequence[str]) -> bool:
    parts = [part.strip().partition("=") for part in said.split(",")[: 2 * _MOST]]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not _is_now(times[0], callback.received_at):
        return False
    content = times[0].encode() + b"." + callback.body
    expected = [_hmac(secret.encode(), content).hex() for secret in secrets]
    return _any_equal(expected, (value for name, _, value in parts if name == "v1"))


def _standard(callback: Callback, said: str, secrets: Sequence[str]) -> bool:
    id, time = callback.header("webhook-id"), callback.header("webhook-timestamp")
    if not id or not _is_now(time, callback.received_at):
        return False
    content = b".".join((id.encode(errors="replace"), time.encode(), callback.body))
    expected = [base64.b64encode(_hmac(_key(secret), content)).decode() for secret in secrets]
    found = (each.removeprefix("v1,") for each in said.split(" ")[:_MOST] if each.startswith("v1,"))
    return _any_equal(expected, found)


def _sendgrid(callback: Callback, said: str, secrets: Sequence[str]) -> bool:
    time = callback.header("x-twilio-email-event-webhook-timestamp")
    if not _is_now(time, callback.received_at):
        return False
    signature, content = decoded(said), time.encode() + callback.body
    return any(_verifies(secret, signature, content) for secret in secrets)


def _verifies(secret: str, signature: bytes, content: bytes) -> bool:
    try:
        verification_key(secret).verify(signature, content, ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _plain(callback: Callback, said: str, secrets: Sequence[str]) -> bool:
    found = said.strip().removeprefix("sha256=")
    digests = [_hmac(secret.encode(), callback.body) for secret in secrets]
    if len(found) == 2 * hashlib.sha256().digest_size:
        return _any_equal([digest.hex() for digest in digests], [found.lower()])
    return _any_equal([base64.b64encode(digest).decode() for digest in digests], [found])


def _key(secret: str) -> bytes:
    """What a secret of Standard Webhooks stands for; the text itself, where it is not as they have it."""
    return decoded(secret.removeprefix(PREFIX)) or secret.encode()


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, hashlib.sha256)


def _is_now(seconds: str, now: datetime) -> bool:
    if not _SECONDS.fullmatch(seconds):
        return False
    return abs(int(seconds) - now.timestamp()) <= _AGE.total_seconds()


def _any_equal(expected: Iterable[str], found: Iterable[str]) -> bool:
    pairs = [(right.encode(), each.encode(errors="replace")) for each in found for right in expected]
    return any(hmac.compare_digest(right, each) for right, each in pairs)
