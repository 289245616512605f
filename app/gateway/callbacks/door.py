"""The door for callbacks of providers: their signature is verified here, before anything is stored."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from prometheus_client import Counter as Measure

from app.gateway.callbacks.certificates import PAYPAL, SNS, CertificateAway, SigningCertificates
from app.gateway.callbacks.events import body_in, events_of, unreadable
from app.gateway.ingestion import Ingestion
from app.telemetry.metrics import REGISTRY
from domain.gateway.callbacks.providers import Callback, CallbackProvider
from domain.gateway.callbacks.signatures import is_signed, paypal_text
from domain.gateway.callbacks.sns import confirmation_of, sns_text
from domain.gateway.outcomes import ERASED, EventAnswer, EventStatus, ReceivedEvent
from domain.gateway.source_connections import NoteRefusedCallbacks
from domain.gateway.sources import INGEST, TEST_ENVIRONMENTS
from domain.gateway.webhook_signature import SecretUnreadable, WebhookSecrets
from domain.kit.bus.bus import Bus
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.clock import Clock
from domain.kit.codec import Codec
from domain.kit.process.http_client import HttpClient, HttpRequest, NoHttpAnswer
from projections.gateway.sources import SourceRow, Sources
from projections.kit.read.postgres_reader import PostgresRows

_LARGEST = 48 * 1024
_LARGEST_OF: Mapping[CallbackProvider, int] = {
    # Many events in a list: they end one when it has 768 KB.
    CallbackProvider.SENDGRID: 1024 * 1024,
    # A message of SNS has 256 KB at most, and stands in a text here.
    CallbackProvider.SES: 600 * 1024,
}
"""Where it is not that which fits into an event with what is kept beside it."""
_ADDRESS = "campaigns.contact.email"
"""Under which the addresses of contacts have their fingerprints."""
_TOGETHER = 500
"""Events that are stored together."""
_SECONDS = 10.0

_CALLBACKS = Measure(
    "headwater_callbacks",
    "Callbacks of providers that came in.",
    labelnames=("provider", "outcome"),
    registry=REGISTRY,
)
_PAUSE = 3600.0
"""Seconds between two notes in the log about callbacks of one source that were refused."""
_SOURCES = 10_000


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What became of a callback."""

    events: Sequence[EventAnswer]
    """The answers to its events, of which there may be none."""

    @property
    def kept(self) -> bool:
        """Whether all of it is kept, were it as dead letters, or can be kept nowhere: sent again it would be no
        better."""
        return not any(
            each.status is EventStatus.REJECTED and each.letter_id is None and ERASED not in each.violations
            for each in self.events
        )

    @property
    def status(self) -> EventStatus:
        """The best that became of one of them; of none, that nothing changed."""
        found = {each.status for each in self.events}
        return next((status for status in EventStatus if status in found), EventStatus.DUPLICATE)


def largest(source: SourceRow) -> int:
    """Bytes that a callback of a source may have."""
    return _LARGEST_OF.get(source.provider, _LARGEST) if source.provider else _LARGEST


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
        certificates: SigningCertificates,
        http: HttpClient,
        bus: Bus,
        codec: Codec,
        clock: Clock,
        *,
        environment: str = "",
    ) -> None:
        """``environment``: of this installation. Unless it is one for tests, payments of a provider's test mode
        settle no invoice of a tenant."""
        self._for_tests = environment in TEST_ENVIRONMENTS
        self._intake, self._rows, self._secrets, self._bus = intake, rows, secrets, bus
        self._certificates, self._http, self._codec, self._clock = certificates, http, codec, clock
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
    ) -> CallbackAnswer:
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
        try:
            said = body_in(callback)
        except ValueError as error:
            received = [unreadable(callback, error)]
        else:
            await self._confirm(source, said)
            received = events_of(
                source,
                callback,
                said,
                started,
                ours=ours,
                tests_count=tests_count,
                fingerprint=lambda address: self._codec.fingerprint(_ADDRESS, address),
            )
        answer = await self._taken(by, source, callback, received)
        _CALLBACKS.labels(source.provider.value, answer.status.value).inc()
        return answer

    async def _taken(
        self, by: Caller, source: SourceRow, callback: Callback, received: Sequence[ReceivedEvent]
    ) -> CallbackAnswer:
        answers: list[EventAnswer] = []
        for start in range(0, len(received), _TOGETHER):
            page = received[start : start + _TOGETHER]
            answers += await self._intake.take(by, source.id, page, received_at=callback.received_at)
        return CallbackAnswer(answers)

    # What a body says is JSON of any shape, hence Any.
    async def _confirm(self, source: SourceRow, said: Any) -> None:
        """Confirm the subscription of a topic, where the callback asks for it."""
        if source.provider is not CallbackProvider.SES or (url := confirmation_of(said)) is None:
            return
        try:
            answer = await self._http.send(HttpRequest(url=url, method="GET"), seconds=_SECONDS)
        except NoHttpAnswer as none:
            raise CertificateAway from none
        if answer.status != 200:
            raise CertificateAway

    async def _is_signed(self, source: SourceRow, callback: Callback) -> bool:
        match source.provider:
            case CallbackProvider.PAYPAL:
                text = paypal_text(callback, source.provider_webhook_id)
                return await self._certificates.signed(PAYPAL, text, source.id)
            case CallbackProvider.SES:
                try:
                    said = body_in(callback)
                except ValueError:
                    return False
                text = sns_text(callback, said, source.provider_webhook_id)
                return await self._certificates.signed(SNS, text, source.id)
            case None:
                return False
            case provider:
                return self._is_signed_by_secret(provider, source, callback)

    def _is_signed_by_secret(self, provider: CallbackProvider, source: SourceRow, callback: Callback) -> bool:
        until = source.former_secret_until
        sealed = [source.secret]
        if source.former_secret and until is not None and callback.received_at < until:
            sealed.append(source.former_secret)
        secrets = self._secrets.readable(source.id, sealed)
        if is_signed(provider, callback, secrets, header=source.signature_header):
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
