"""PayPal's signatures, with certificates that a server on this machine hands out as PayPal's does."""

import asyncio
import base64
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from app.gateway.callbacks.certificates import PAYPAL, CertificateAway, SigningCertificates, known_authorities
from app.storage.certificates import make_certificates
from domain.gateway.callbacks.providers import Callback
from domain.gateway.callbacks.signatures import paypal_text
from tests.gateway.authorities import Authority, chain
from tests.gateway.certificate_keepers import AUTHORITY, answer, keeper
from tests.outgoing.servers import Destination

SOURCE, OTHER = uuid4(), uuid4()
WEBHOOK = "1JE4291016473214C"
BODY = b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "name": "J\xc3\xbcrgen"}'
HOST = "api.paypal.com"


STRANGER = Authority()
KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificates")
    make_certificates(path, {HOST: None})
    return path


@dataclass
class PayPal:
    """PayPal, which signs, and hands out its certificate."""

    server: Destination
    certificates: SigningCertificates

    def callback(self, body: bytes = BODY, **more: str) -> Callback:
        """One that PayPal has signed, but for what is said otherwise."""
        now = datetime.now(UTC)
        said = {
            "id": "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
            "time": now.isoformat(),
            "host": HOST,
            "path": "/v1/notifications/certs/CERT-360caa42",
            "webhook": WEBHOOK,
            "algorithm": "SHA256withRSA",
            **more,
        }
        text = f"{said['id']}|{said['time']}|{said['webhook']}|{zlib.crc32(body)}".encode()
        signature = base64.b64encode(KEY.sign(text, PKCS1v15(), SHA256())).decode()
        headers = {
            "paypal-transmission-id": said["id"],
            "paypal-transmission-time": said["time"],
            "paypal-transmission-sig": said.get("signature", signature),
            "paypal-cert-url": said.get("url", f"https://{said['host']}:{self.server.port}{said['path']}"),
            "paypal-auth-algo": said["algorithm"],
        }
        return Callback(headers=headers, body=body, received_at=now)

    async def takes(self, source: UUID = SOURCE, /, **more: str) -> bool:
        return await self.signed(self.callback(BODY, **more), source)

    async def signed(self, callback: Callback, source: UUID = SOURCE) -> bool:
        return await self.certificates.signed(PAYPAL, paypal_text(callback, WEBHOOK), source)


@asynccontextmanager
async def paypal(
    folder: Path, content: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[PayPal]:
    """PayPal with this answer to who asks for its certificate."""
    async with keeper(folder, HOST, content, now) as there:
        yield PayPal(there.server, there.certificates)


GOOD = answer(chain(AUTHORITY.vouch(KEY), AUTHORITY.certificate))


async def test_takes_what_paypal_signed_and_keeps_its_certificate(folder: Path) -> None:
    async with paypal(folder, GOOD) as there:
        assert [await there.takes() for _ in range(3)] == [True] * 3
        # PayPal sends again for days, with the time of the first try.
        first_try = (datetime.now(UTC) - timedelta(days=3)).isoformat()
        assert await there.takes(time=first_try)
        assert [received.target for received in there.server.received] == [
            "/v1/notifications/certs/CERT-360caa42"
        ]


async def test_a_certificate_is_kept_for_as_long_as_it_is_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timedelta()
    monkeypatch.setattr(
        "app.gateway.callbacks.certificates.monotonic", lambda: time.monotonic() + ahead.total_seconds()
    )
    async with paypal(folder, GOOD, lambda: datetime.now(UTC) + ahead) as there:
        assert await there.takes()
        ahead = timedelta(days=29)
        assert await there.takes()
        assert len(there.server.received) == 1
        ahead = timedelta(days=31)
        assert not await there.takes()
        assert len(there.server.received) == 2


async def test_a_certificate_alone_is_vouched_for_by_where_it_came_from(folder: Path) -> None:
    async with paypal(folder, answer(chain(AUTHORITY.vouch(KEY)))) as there:
        assert await there.takes()


@pytest.mark.parametrize(
    "more",
    [
        {"webhook": "another"},
        {"signature": ""},
        {"signature": base64.b64encode(b"x" * 256).decode()},
        {"algorithm": "none"},
        {"time": "yesterday"},
        {"time": (datetime.now(UTC) - timedelta(days=5)).isoformat()},
        {"time": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
    ],
    ids=["webhook", "unsigned", "other-signature", "algorithm", "no-time", "old", "future"],
)
async def test_refuses_what_paypal_did_not_sign(folder: Path, more: dict[str, str]) -> None:
    async with paypal(folder, GOOD) as there:
        assert not await there.takes(**more)


async def test_a_body_that_was_written_anew_is_not_what_was_signed(folder: Path) -> None:
    async with paypal(folder, GOOD) as there:
        sent = there.callback()
        anew = Callback(headers=sent.headers, body=BODY.replace(b": ", b":"), received_at=sent.received_at)
        assert await there.signed(sent)
        assert not await there.signed(anew)


@pytest.mark.parametrize(
    "more",
    [
        {"host": "api.paypal.com.evil.example"},
        {"host": "evilpaypal.com"},
        {"host": "paypal.com"},
        {"host": "127.0.0.1"},
        {"path": "/v1/notifications/certs/../../evil"},
        {"path": "/v1/notifications/certs/a?b"},
        {"path": "/v1/notifications/certs/a?"},
        {"path": "/v1/notifications/certs/a#"},
        {"path": "/evil"},
        {"url": "http://api.paypal.com/v1/notifications/certs/A"},
        {"url": "https://api.paypal.com@127.0.0.1/v1/notifications/certs/A"},
        {"url": ""},
        {"url": "file:///v1/notifications/certs/A"},
    ],
    ids=str,
)
async def test_fetches_certificates_from_paypal_alone(folder: Path, more: dict[str, str]) -> None:
    async with paypal(folder, GOOD) as there:
        assert not await there.takes(**more)
        assert there.server.received == []


@pytest.mark.parametrize(
    "content",
    [
        chain(AUTHORITY.vouch(KEY, "messages.evil.example"), AUTHORITY.certificate),
        chain(AUTHORITY.vouch(KEY, days=-1), AUTHORITY.certificate),
        chain(STRANGER.vouch(KEY), STRANGER.certificate),
        chain(AUTHORITY.vouch(rsa.generate_private_key(65537, 2048)), AUTHORITY.certificate),
        b"no certificate",
        b"",
    ],
    ids=["other-name", "expired", "other-authority", "other-key", "text", "nothing"],
)
async def test_refuses_certificates_that_are_not_good(folder: Path, content: bytes) -> None:
    async with paypal(folder, answer(content)) as there:
        assert [await there.takes() for _ in range(2)] == [False, False]
        assert len(there.server.received) == 1


async def test_a_certificate_that_cannot_be_fetched_is_asked_for_again(folder: Path) -> None:
    async with paypal(folder, answer(b"", "503 Busy")) as there:
        for _ in range(2):
            with pytest.raises(CertificateAway):
                await there.takes()
        assert len(there.server.received) == 2


async def test_a_certificate_is_known_by_its_address_however_that_is_written(folder: Path) -> None:
    async with paypal(folder, GOOD) as there:
        assert [await there.takes(host=host) for host in (HOST, HOST.upper(), f"{HOST}.")] == [True] * 3
        assert len(there.server.received) == 1


async def test_addresses_that_lead_to_nothing_stop_nobody_whose_certificate_is_known(folder: Path) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def hang(server: Destination, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await released.wait()
        writer.write(server.answer)

    async with paypal(folder, GOOD) as there:
        assert await there.takes()
        there.server.answer, there.server.behave = answer(b"", "404 Not Found"), hang
        path = "/v1/notifications/certs/made-up-"
        waiting = [asyncio.create_task(there.takes(path=f"{path}1")) for _ in range(3)]
        await asyncio.wait_for(asked.wait(), 120)
        # One at a time is fetched for a source.
        with pytest.raises(CertificateAway):
            await there.takes(path=f"{path}2")
        async with asyncio.timeout(120):
            assert await there.takes()
            assert await there.takes(OTHER)
        released.set()
        assert await asyncio.gather(*waiting) == [False] * 3
        there.server.behave = None
        assert len(there.server.received) == 2
        for number in range(120):
            assert not await there.takes(path=f"{path}{number}")
        before = len(there.server.received)
        assert await there.takes()
        assert len(there.server.received) == before


async def test_who_goes_away_takes_no_certificate_from_others(folder: Path) -> None:
    async with paypal(folder, GOOD) as there:
        first, second = (asyncio.create_task(there.takes()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second
        assert len(there.server.received) == 1


def test_the_authorities_that_are_known_here_can_be_read() -> None:
    assert len(known_authorities()) > 50
