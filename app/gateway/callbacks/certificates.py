"""The certificates with which providers sign: fetched from them alone, checked, and kept while they are good."""

import asyncio
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import httpx
from cachetools import TLRUCache, TTLCache
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from domain.gateway.callbacks.signatures import SignedText
from domain.kit.process.http_client import HttpClient, HttpRequest, NoHttpAnswer
from domain.kit.process.web_address import WebAddressInvalid, read_web_address


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePlace:
    """Where a provider keeps the certificates with which it signs."""

    host: re.Pattern[str]
    path: re.Pattern[str]
    names: re.Pattern[str]
    """What such a certificate is for: names of the provider's own."""


PAYPAL = CertificatePlace(
    host=re.compile(r"(?:[a-z0-9-]+\.)+paypal\.com"),
    path=re.compile(r"/v1/notifications/certs/[A-Za-z0-9-]+"),
    names=re.compile(r"(?:[a-z0-9-]+\.)+paypal\.com"),
)
SNS = CertificatePlace(
    host=re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?"),
    path=re.compile(r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem"),
    names=re.compile(r"sns\.amazonaws\.com(\.cn)?|sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?"),
)
_SECONDS = 10.0
_KEPT_BAD = 60.0
"""Seconds for which a certificate is kept that is not good."""
_MOST, _MOST_BAD = 100, 1000
_TOGETHER = 8
_MOST_FETCHES = 200
"""Sources for which one is fetched, or waits to be, at the same time."""


@dataclass(frozen=True, slots=True)
class _Good:
    key: RSAPublicKey
    until: float
    """In seconds since 1970."""


class CertificateAway(Exception):
    """A provider's certificate cannot be fetched at the moment."""


class SigningCertificates:
    """Tells whether a provider has signed a callback.

    The address of the certificate stands in the callback, so anybody may have written it. It is fetched by TLS,
    from where the provider keeps it and from nowhere else; it must be for a name of theirs and good at this
    moment; and where it comes with those above it, these must lead to an authority that is known here. Good ones
    are kept until they expire, apart from addresses that led to none, and for each source one is fetched at a
    time: whoever makes addresses up slows neither other sources nor what is known already.
    """

    def __init__(
        self,
        http: HttpClient,
        authorities: Callable[[], Sequence[x509.Certificate]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http, self._authorities, self._now = http, authorities, now
        self._store: Store | None = None
        self._good: TLRUCache[str, _Good] = TLRUCache(
            _MOST, lambda _, good, now: good.until, timer=lambda: now().timestamp()
        )
        self._bad: TTLCache[str, bool] = TTLCache(_MOST_BAD, _KEPT_BAD, timer=monotonic)
        self._fetches: dict[UUID, tuple[str, asyncio.Task[RSAPublicKey | None]]] = {}
        self._turn = asyncio.Semaphore(_TOGETHER)

    async def signed(self, place: CertificatePlace, said: SignedText | None, source_id: UUID) -> bool:
        """Whether it is signed by who keeps certificates there, for this source. Raises CertificateAway."""
        if said is None or not said.signature:
            return False
        key = await self._key(place, said.certificate, source_id)
        if key is None:
            return False
        try:
            # The digest is the provider's choice, and the signature theirs either way.
            key.verify(said.signature, said.text, PKCS1v15(), SHA1() if said.sha1 else SHA256())
        except InvalidSignature:
            return False
        return True

    async def _key(self, place: CertificatePlace, given: str, source_id: UUID) -> RSAPublicKey | None:
        url = _kept_there(place, given)
        if url is None or url in self._bad:
            return None
        if (good := self._good.get(url)) is not None:
            return good.key
        fetched, task = self._fetches.get(source_id, (url, None))
        if task is None:
            if len(self._fetches) >= _MOST_FETCHES:
                raise CertificateAway
            task = asyncio.create_task(self._looked_up(place, url, source_id))
            self._fetches[source_id] = url, task
        elif fetched != url:
            raise CertificateAway
        # Others may wait for the same when this request ends.
        return await asyncio.shield(task)

    async def _looked_up(self, place: CertificatePlace, url: str, source_id: UUID) -> RSAPublicKey | None:
        """What an address leads to, from now on known."""
        try:
            async with self._turn:
                if url not in self._good and url not in self._bad:
                    found = self._checked(place, await self._fetched(url))
                    if found is None:
                        self._bad[url] = True
                    else:
                        self._good[url] = found
            good = self._good.get(url)
            return None if good is None else good.key
        finally:
            del self._fetches[source_id]

    async def _fetched(self, url: str) -> bytes:
        try:
            answer = await self._http.send(HttpRequest(url=url, method="GET"), seconds=_SECONDS)
        except NoHttpAnswer as none:
            raise CertificateAway from none
        if answer.status >= 500 or answer.status == 429:
            raise CertificateAway
        return answer.body if answer.status == 200 else b""

    def _checked(self, place: CertificatePlace, pem: bytes) -> _Good | None:
        try:
            own, *above = x509.load_pem_x509_certificates(pem)
            names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = names.get_values_for_type(x509.DNSName)
        except (ValueError, x509.ExtensionNotFound):
            return None
        host = next((each for each in hosts if place.names.fullmatch(each)), None)
        now, key = self._now(), own.public_key()
        if host is None or not isinstance(key, RSAPublicKey):
            return None
        if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
            return None
        if above:
            self._store = self._store or Store(list(self._authorities()))
            verifier = PolicyBuilder().store(self._store).time(now).build_server_verifier(x509.DNSName(host))
            try:
                verifier.verify(own, above)
            except VerificationError:
                return None
        return _Good(key, own.not_valid_after_utc.timestamp())


def known_authorities() -> list[x509.Certificate]:
    """Those that the library of HTTP trusts."""
    context = httpx.create_ssl_context(trust_env=False)
    with warnings.catch_warnings():
        # Of an authority that no certificate here leads to.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        found = context.get_ca_certs(binary_form=True)
        return [x509.load_der_x509_certificate(each) for each in found]


def _kept_there(place: CertificatePlace, url: str) -> str | None:
    """The address, in the one way to write it; None for any that is not where the provider keeps certificates."""
    try:
        address = read_web_address(url)
    except WebAddressInvalid:
        return None
    if "?" in url or address.scheme != "https" or not place.host.fullmatch(address.host):
        return None
    return str(address) if place.path.fullmatch(address.path) else None
