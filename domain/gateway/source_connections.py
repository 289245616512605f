"""Connections of sources to the providers whose callbacks come in by them."""

from datetime import datetime, timedelta
from typing import Annotated

from domain.gateway.callbacks.providers import (
    TELL_OF_PAYMENTS,
    WITH_CERTIFICATE,
    CallbackProvider,
    of_http,
)
from domain.gateway.callbacks.signatures import verification_key
from domain.gateway.sources import (
    Provider,
    ProviderWebhookId,
    SealedSecret,
    SignatureHeader,
    Source,
    SourceKind,
    require_payments,
)
from domain.kit.caller import require_person
from domain.kit.fields import Describe, Internal
from domain.kit.model import Caller, Command, Invalid, Refusal
from domain.kit.refusals import ViolationCode

OVERLAP = timedelta(hours=24)
"""For how long the former secret is good beside a new one, as at Stripe."""


LONGEST_SECRET = 500
_SHORTEST_SECRET = 8


class SourceTakesNoCallbacks(Refusal):
    """No callbacks come in by a source of this kind."""


class SourceHasNoSecret(Refusal):
    """This source is connected to nobody who signs with a secret."""


def require_connection(
    provider: CallbackProvider, secret: str, signature_header: str, provider_webhook_id: str
) -> None:
    """Raise Invalid for what the provider does not need, and for want of what it does."""
    needs = {
        "secret": (secret, provider not in WITH_CERTIFICATE),
        "signature_header": (signature_header, provider is CallbackProvider.HMAC_SHA256),
        "provider_webhook_id": (provider_webhook_id, provider in WITH_CERTIFICATE),
    }
    found = [
        Invalid(
            field=name,
            reason=f"{'is required' if needed else 'is of no use'} for {provider}",
            why=ViolationCode.REQUIRED if needed else ViolationCode.UNSUITABLE,
        )
        for name, (value, needed) in needs.items()
        if bool(value) is not needed
    ]
    if of_http(signature_header):
        reason = "is a header of HTTP, and no signature"
        found.append(Invalid(field="signature_header", reason=reason, why=ViolationCode.UNSUITABLE))
    if found:
        raise Invalid.together(found)


def require_secret(secret: str) -> None:
    """Raise Invalid for none."""
    if not secret:
        raise Invalid(field="secret", reason="is required", why=ViolationCode.REQUIRED)


class ConnectSource(Command, requires=(require_connection,)):
    """Say whose callbacks come in by a source, and how they are signed. What was said before is no longer good.
    Those of Stripe and PayPal tell what is paid: to connect them takes `commerce:payments` as well."""

    provider: Provider
    secret: SealedSecret = ""
    signature_header: SignatureHeader = ""
    provider_webhook_id: ProviderWebhookId = ""

    def handle(self, source: Source, by: Caller) -> None:
        require_person(by)
        _require_payments(by, self.provider)
        if source.kind is not SourceKind.WEBHOOK:
            raise SourceTakesNoCallbacks(field="id")
        connected = Source.Connected(
            provider=self.provider,
            secret=self.secret,
            signature_header=self.signature_header.lower(),
            provider_webhook_id=self.provider_webhook_id,
        )
        source.record(connected)


class RotateSourceSecret(Command, requires=(require_secret,)):
    """Give a source the new secret of its provider; for 24 hours the former one is good as well. For Stripe it
    takes `commerce:payments` as well."""

    secret: SealedSecret

    def handle(self, source: Source, by: Caller, now: datetime) -> None:
        require_person(by)
        if source.provider is None or source.provider in WITH_CERTIFICATE:
            raise SourceHasNoSecret(field="id")
        _require_payments(by, source.provider)
        rotated = Source.SecretRotated(
            secret=self.secret, former_secret=source.secret, former_secret_until=now + OVERLAP
        )
        source.record(rotated)


class NoteRefusedCallbacks(Command):
    """Note that callbacks were not signed as they must be; no client sends this."""

    count: Annotated[int, Internal(), Describe("How many came since it was noted last.")]

    def handle(self, source: Source) -> None:
        source.record(Source.CallbacksRefused(refused_callbacks=source.refused_callbacks + self.count))


def checked_secret(text: str, provider: CallbackProvider | None) -> str:
    """A secret before it is sealed. Raises Invalid for one that this provider would not sign with."""
    secret = text.strip()
    if not (_SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET and secret.isascii()):
        reason = f"must be {_SHORTEST_SECRET} to {LONGEST_SECRET} letters, digits and signs of ASCII"
        raise Invalid(field="secret", reason=reason, why=ViolationCode.FORMAT)
    if provider is CallbackProvider.SENDGRID:
        try:
            verification_key(secret)
        except ValueError:
            reason = "must be the verification key that SendGrid shows, in Base64"
            raise Invalid(field="secret", reason=reason, why=ViolationCode.FORMAT) from None
    return secret


def _require_payments(by: Caller, provider: CallbackProvider | None) -> None:
    # Whoever knows what such callbacks are signed with can say that orders are paid.
    if provider in TELL_OF_PAYMENTS:
        require_payments(by)
