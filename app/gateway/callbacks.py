"""Callbacks of providers: their signature is verified here, before anything is stored."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from cachetools import LRUCache
from prometheus_client import Counter as Measure

from app.gateway.ingestion import Ingestion
from app.gateway.paypal_certificates import PayPalCertificates
from app.telemetry.metrics import REGISTRY
from domain.gateway.bodies import NotEvents, read_json, read_value
from domain.gateway.callbacks.payments import invoice_named, payment_in, person_in, with_invoice
from domain.gateway.callbacks.providers import (
    Callback,
    CallbackProvider,
    is_test,
    key_of_callback,
    occurred_at,
    signature_of,
    transmission_of,
)
from domain.gateway.callbacks.signatures import is_signed
from domain.gateway.events import OutsideEvent
from domain.gateway.outcomes import TEST_MODE, EventAnswer, EventViolation, ReceivedEvent
from domain.gateway.source_connections import NoteRefusedCallbacks
from domain.gateway.sources import INGEST, TEST_ENVIRONMENTS
from domain.gateway.webhook_signature import SecretUnreadable, WebhookSecrets
from domain.kit.bus.bus import Bus
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.clock import Clock
from domain.kit.refusals import ViolationCode
from projections.gateway.sources import SourceRow, Sources
from projections.kit.read.postgres_reader import PostgresRows

LARGEST = 48 * 1024
"""Bytes of a callback: with what is kept beside it, it must fit into an event."""
TYPE = "integration.webhook.received"

_CALLBACKS = Measure(
    "headwater_callbacks",
    "Callbacks of providers that came in.",
    labelnames=("provider", "outcome"),
    registry=REGISTRY,
)
_PAUSE = 3600.0
"""Seconds between two notes in the log about callbacks of one source that were refused."""
_SOURCES = 10_000
_TEST = EventViolation(
    TEST_MODE,
    ViolationCode.UNSUITABLE,
    ("data", "payload", "payload"),
    "This payment is of the provider's test mode, or does not say that it is not; that counts in environments for "
    "tests alone.",
)


class CallbackRefused(Exception):
    """A callback that is taken by nobody. Whoever sends it is told nothing more."""


def as_provider(tenant_id: UUID) -> Caller:
    """As whom the callbacks of a tenant's sources are stored."""
    return Caller(tenant_id=tenant_id, user_id=SYSTEM, permissions=frozenset({INGEST}))


class CallbackDoor:
    """Takes callbacks into one database."""

    def __init__(
        self,
        intake: Ingestion,
        rows: PostgresRows,
        secrets: WebhookSecrets,
        certificates: PayPalCertificates,
        bus: Bus,
        clock: Clock,
        *,
        environment: str = "",
    ) -> None:
        """``environment``: of this installation. Unless it is one for tests, payments of a provider's test mode
        settle no invoice of a tenant."""
        self._for_tests = environment in TEST_ENVIRONMENTS
        self._intake, self._rows, self._secrets, self._bus = intake, rows, secrets, bus
        self._certificates, self._clock = certificates, clock
        self._refused = Counter[UUID]()
        self._noted: LRUCache[UUID, float] = LRUCache(_SOURCES)

    async def source(self, tenant_id: UUID, source_id: UUID) -> SourceRow:
        """The source that a path names. Raises CallbackRefused."""
        row = (await self._rows.get(Sources, tenant_id, [(source_id,)])).get((source_id,))
        if row is None or row.provider is None or not row.active:
            raise CallbackRefused
        return row

    async def receive(
        self, tenant_id: UUID, source: SourceRow, headers: Mapping[str, str], body: bytes
    ) -> EventAnswer:
        """Store a callback, once. Raises CallbackRefused, CertificateAway, SecretUnreadable, and the refusals of
        an intake."""
        started = time.perf_counter()
        callback = Callback(headers=headers, body=body, received_at=self._clock.now())
        assert source.provider is not None
        try:
            signed = await self._is_signed(source, callback)
        except SecretUnreadable:
            _CALLBACKS.labels(source.provider.value, "unreadable").inc()
            raise
        if not signed:
            _CALLBACKS.labels(source.provider.value, "refused").inc()
            await self._note(tenant_id, source.id)
            raise CallbackRefused
        by = as_provider(tenant_id)
        await self._intake.admit(by, source.id)
        ours = tenant_id == PLATFORM
        tests_count = source.environment in TEST_ENVIRONMENTS and (self._for_tests or not ours)
        received = _event(source, source.provider, callback, started, ours=ours, tests_count=tests_count)
        (answer,) = await self._intake.take(by, source.id, [received], received_at=callback.received_at)
        _CALLBACKS.labels(source.provider.value, answer.status.value).inc()
        return answer

    async def _is_signed(self, source: SourceRow, callback: Callback) -> bool:
        if source.provider is CallbackProvider.PAYPAL:
            return await self._certificates.signed(callback, source.provider_webhook_id, source.id)
        assert source.provider is not None
        until = source.former_secret_until
        sealed = [source.secret]
        if source.former_secret and until is not None and callback.received_at < until:
            sealed.append(source.former_secret)
        secrets = self._secrets.readable(source.id, sealed)
        if is_signed(source.provider, callback, secrets, header=source.signature_header):
            return True
        if len(secrets) < len(sealed):
            # By one of the others it may be.
            raise SecretUnreadable
        return False

    async def _note(self, tenant_id: UUID, source_id: UUID) -> None:
        """Count one that was refused; the log is told once in a while, however many there are."""
        self._refused[source_id] += 1
        now = time.monotonic()
        if now - self._noted.get(source_id, -_PAUSE) < _PAUSE:
            return
        self._noted[source_id] = now
        note = NoteRefusedCallbacks(id=source_id, count=self._refused.pop(source_id))
        await self._bus.send(note, by=as_provider(tenant_id))


def _event(
    source: SourceRow,
    provider: CallbackProvider,
    callback: Callback,
    started: float,
    *,
    ours: bool,
    tests_count: bool,
) -> ReceivedEvent:
    """The event that a callback is. ``ours``: it came by a source of the platform, which alone tells what tenants
    have paid; ``tests_count``: so do payments of the provider's test mode."""
    try:
        body = read_json(callback.body.decode())
    except (NotEvents, UnicodeDecodeError) as error:
        said = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        message = f"The body of the callback is not JSON: {said}."
        fault = EventViolation("json", ViolationCode.FORMAT, (), message[:500])
        return ReceivedEvent(None, callback.body.decode(errors="surrogateescape"), fault)
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


# Its payload is JSON of any shape.
def _envelope(
    source: SourceRow, provider: CallbackProvider, callback: Callback, key: str, body: Any, started: float
) -> dict[str, Any]:
    person = person_in(provider, body)
    return {
        "eventId": str(uuid5(source.id, f"callback {key}")),
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
