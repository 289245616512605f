"""How callbacks are signed, and what a source must say of that."""

import base64
import json
from dataclasses import replace
from uuid import UUID

import pytest

from domain.gateway.callbacks.providers import Callback, CallbackProvider
from domain.gateway.callbacks.signatures import is_signed
from domain.gateway.source_connections import (
    ConnectSource,
    RotateSourceSecret,
    SourceHasNoSecret,
    SourceTakesNoCallbacks,
)
from domain.gateway.sources import PAYMENTS, Source, SourceKind
from domain.kit.refusals import Forbidden, Invalid
from domain.kit.scenario import NOON, SOMEONE, given
from tests.gateway.callbacks import (
    NEWER,
    SECRET,
    STANDARD,
    hexed,
    standard_headers,
    stripe_headers,
)

SOURCE = UUID(int=1)
NOW = NOON.timestamp()
BODY = b'{"id": "evt_1", "amount": 1.50, "name": "J\xc3\xbcrgen"}'


def registered(kind: SourceKind) -> Source.Registered:
    return Source.Registered(name="Stripe", kind=kind, environment="production", region="local")


def connected(provider: CallbackProvider, **more: str) -> Source.Connected:
    terms = {"secret": "sealed", "signature_header": "", "provider_webhook_id": "", **more}
    return Source.Connected(provider=provider, **terms)


STRIPE = connected(CallbackProvider.STRIPE)
TRUSTED = replace(SOMEONE, permissions=frozenset({PAYMENTS}))


def callback(body: bytes, headers: dict[str, str]) -> Callback:
    return Callback(headers=headers, body=body, received_at=NOON)


def by_stripe(body: bytes, headers: dict[str, str], *secrets: str) -> bool:
    return is_signed(CallbackProvider.STRIPE, callback(body, headers), secrets or (SECRET,))


def test_a_source_is_connected_and_its_secret_rotated() -> None:
    source = given(registered(SourceKind.WEBHOOK))
    connect = ConnectSource(id=SOURCE, provider=CallbackProvider.STRIPE, secret="sealed")
    source.when(connect).refused(Forbidden)
    given(registered(SourceKind.WEBHOOK)).by(TRUSTED).when(connect).then(STRIPE)
    rotate = RotateSourceSecret(id=SOURCE, secret="another")
    given(registered(SourceKind.WEBHOOK), STRIPE).when(rotate).refused(Forbidden)
    rotated = given(registered(SourceKind.WEBHOOK), STRIPE).by(TRUSTED).when(rotate)
    [happened] = rotated.recorded
    assert isinstance(happened, Source.SecretRotated)
    assert (happened.secret, happened.former_secret) == ("another", "sealed")


def test_callbacks_come_in_by_sources_for_them_alone() -> None:
    connect = ConnectSource(id=SOURCE, provider=CallbackProvider.STRIPE, secret="sealed")
    given(registered(SourceKind.APPLICATION)).by(TRUSTED).when(connect).refused(SourceTakesNoCallbacks)
    rotate = RotateSourceSecret(id=SOURCE, secret="sealed")
    given(registered(SourceKind.WEBHOOK)).when(rotate).refused(SourceHasNoSecret)


@pytest.mark.parametrize(
    ("provider", "terms", "field"),
    [
        ("stripe", {}, "secret"),
        ("stripe", {"secret": "sealed", "signature_header": "x-signature"}, "signature_header"),
        ("hmac_sha256", {"secret": "sealed"}, "signature_header"),
        *(
            ("hmac_sha256", {"secret": "sealed", "signature_header": name}, "signature_header")
            for name in ("Authorization", "Cookie", "HOST", "content-md5", "X-Forwarded-For")
        ),
        ("paypal", {}, "provider_webhook_id"),
        ("paypal", {"secret": "sealed", "provider_webhook_id": "WH1"}, "secret"),
    ],
)
def test_each_provider_takes_what_it_signs_with(provider: str, terms: dict[str, str], field: str) -> None:
    connect = ConnectSource(id=SOURCE, provider=CallbackProvider(provider), **terms)
    given(registered(SourceKind.WEBHOOK)).when(connect).refused(Invalid, field=field)


def test_stripe_signs_the_bytes_that_came() -> None:
    headers = stripe_headers(BODY, at=NOW)
    assert by_stripe(BODY, headers)
    assert not by_stripe(json.dumps(json.loads(BODY)).encode(), headers)
    assert not by_stripe(BODY, headers, NEWER)
    assert by_stripe(BODY, headers, NEWER, SECRET)


@pytest.mark.parametrize(("seconds", "good"), [(-301, False), (-299, True), (299, True), (36_000, False)])
def test_a_signature_is_of_now(seconds: int, good: bool) -> None:
    assert by_stripe(BODY, stripe_headers(BODY, at=NOW + seconds)) is good
    headers = standard_headers(BODY, "msg_1", at=NOW + seconds)
    standard = is_signed(CallbackProvider.STANDARD_WEBHOOKS, callback(BODY, headers), [STANDARD])
    assert standard is good


def test_stripe_signs_with_two_secrets_while_it_rolls() -> None:
    headers = stripe_headers(BODY, at=NOW)
    other = stripe_headers(BODY, NEWER, at=NOW)["stripe-signature"].split(",")[1]
    headers["stripe-signature"] += f",{other}"
    assert by_stripe(BODY, headers, NEWER)
    assert by_stripe(BODY, headers, SECRET)


@pytest.mark.parametrize(
    "signature",
    ["", "t=,v1=", "t=1", "v1=00", "t=٣,v1=00", "t=1,t=2,v1=00", "=,=,=", "t=-1,v1=é", "t=1e9,v1=\ud800"],
)
def test_what_is_no_signature_is_no_good_one(signature: str) -> None:
    assert not by_stripe(BODY, {"stripe-signature": signature})
    headers = {"webhook-id": "a", "webhook-timestamp": str(int(NOW)), "webhook-signature": signature}
    assert not is_signed(CallbackProvider.STANDARD_WEBHOOKS, callback(BODY, headers), [STANDARD])


@pytest.mark.parametrize("spelling", ["{hex}", "sha256={hex}", "{HEX}", "{base64}"])
def test_an_hmac_is_spelled_in_several_ways(spelling: str) -> None:
    found = hexed(SECRET.encode(), BODY)
    said = spelling.format(
        hex=found, HEX=found.upper(), base64=base64.b64encode(bytes.fromhex(found)).decode()
    )
    signed = callback(BODY, {"x-signature": said})
    assert is_signed(CallbackProvider.HMAC_SHA256, signed, [NEWER, SECRET], header="X-Signature")
    assert not is_signed(CallbackProvider.HMAC_SHA256, signed, [NEWER], header="X-Signature")
    assert not is_signed(CallbackProvider.HMAC_SHA256, signed, [SECRET], header="X-Other")
