"""Servers on this machine that hand out the certificates of providers, as these do."""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.gateway.callbacks.certificates import SigningCertificates
from app.outgoing.http_client import OutgoingClient
from tests.gateway.authorities import Authority
from tests.outgoing.servers import Destination, destination

AUTHORITY = Authority()


@dataclass
class Keeper:
    """A provider's server, and what asks it."""

    server: Destination
    client: OutgoingClient
    certificates: SigningCertificates


def answer(content: bytes, status: str = "200 OK") -> bytes:
    """What such a server says."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(content), content)


@asynccontextmanager
async def keeper(
    folder: Path, host: str, content: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[Keeper]:
    """A server that answers so under the name of a host, whose certificates `make_certificates` made there."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / host / "cert.pem", folder / host / "key.pem")
    trusted = ssl.create_default_context(cafile=str(folder / "ca" / "ca.pem"))
    async with destination(content, tls=context) as server:
        client = OutgoingClient(
            ports=(server.port,), loopback=True, resolve=_everything_here, authorities=trusted
        )
        yield Keeper(server, client, SigningCertificates(client, lambda: [AUTHORITY.certificate], now=now))


async def _everything_here(host: str) -> Sequence[str]:
    return ["127.0.0.1"]
