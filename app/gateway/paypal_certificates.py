"""The certificates with which PayPal signs: fetched from PayPal alone, checked, and kept for a while."""

import asyncio
import re
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic

import httpx
from cachetools import TLRUCache
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from domain.gateway.callbacks.providers import Callback
from domain.gateway.callbacks.signatures import decoded, paypal_text
from domain.kit.process.http_client import HttpClient, HttpRequest, NoHttpAnswer
from domain.kit.process.web_address import WebAddressInvalid, read_web_address

_HOST = ".paypal.com"
_PATH = re.compile(r"/v1/notifications/certs/[A-Za-z0-9-]+")
_SECONDS = 10.0
_KEPT, _KEPT_BAD = 3600.0, 60.0
"""Seconds for which a certificate is kept that is good, and one that is not."""
_MOST = 100
_TOGETHER = 2


class CertificateAway(Exception):
    """PayPal's certificate cannot be fetched at the moment."""


class PayPalCertificates:
    """Tells whether PayPal has signed a callback.

    The address of the certificate stands in the callback, so anybody may have written it. It is fetched by TLS,
    from a host of paypal.com and from nowhere else; it must be for a name of theirs and good at this moment; and
    where it comes with those above it, these must lead to an authority that is known here.
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
        self._known: TLRUCache[str, RSAPublicKey | None] = TLRUCache(
            _MOST, lambda _, key, at: at + (_KEPT if key else _KEPT_BAD), timer=monotonic
        )
        self._turn = asyncio.Semaphore(_TOGETHER)

    async def signed(self, callback: Callback, webhook_id: str) -> bool:
        """Whether it is signed by PayPal for this webhook. Raises CertificateAway."""
        text = paypal_text(callback, webhook_id)
        signature = decoded(callback.header("paypal-transmission-sig"))
        if text is None or not signature:
            return False
        key = await self._key(callback.header("paypal-cert-url"))
        if key is None:
            return False
        try:
            key.verify(signature, text, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    async def _key(self, url: str) -> RSAPublicKey | None:
        if not _is_paypal(url):
            return None
        async with self._turn:
            if url not in self._known:
                self._known[url] = self._checked(await self._fetched(url))
            return self._known[url]

    async def _fetched(self, url: str) -> bytes:
        try:
            answer = await self._http.send(HttpRequest(url=url, method="GET"), seconds=_SECONDS)
        except NoHttpAnswer as none:
            raise CertificateAway from none
        if answer.status >= 500 or answer.status == 429:
            raise CertificateAway
        return answer.body if answer.status == 200 else b""

    def _checked(self, pem: bytes) -> RSAPublicKey | None:
        try:
            own, *above = x509.load_pem_x509_certificates(pem)
            names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = names.get_values_for_type(x509.DNSName)
        except (ValueError, x509.ExtensionNotFound):
            return None
        host = next((each for each in hosts if each.endswith(_HOST)), None)
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
        return key


def known_authorities() -> list[x509.Certificate]:
    """Those that the library of HTTP trusts."""
    context = httpx.create_ssl_context(trust_env=False)
    with warnings.catch_warnings():
        # Of an authority that no certificate here leads to.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        found = context.get_ca_certs(binary_form=True)
        return [x509.load_der_x509_certificate(each) for each in found]


def _is_paypal(url: str) -> bool:
    try:
        address = read_web_address(url)
    except WebAddressInvalid:
        return False
    return (
        address.scheme == "https"
        and address.host.endswith(_HOST)
        and _PATH.fullmatch(address.path) is not None
    )
