"""Mail servers on the loopback that take mail, refuse it, or break off."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The library is not typed where it calls back, hence Any.


@dataclass
class Inbox:
    """What a server was sent, and how it behaves."""

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    tls: list[bool] = field(default_factory=list)
    """Whether each message came over an encrypted connection."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Answers to addresses that are refused."""
    refuses_senders: str = ""
    """The answer to whoever sends; empty: they may."""
    breaks_off: int = 0
    """After how many more messages the connection is cut instead of answering, though they were taken."""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.refuses_senders:
            return self.refuses_senders
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = cast(bytes, envelope.content)
        self.messages.append(message_from_bytes(content, policy=default))
        self.recipients.append(list(envelope.rcpt_tos))
        self.tls.append(session.ssl is not None)
        if self.breaks_off:
            self.breaks_off -= 1
            transport = server.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        return "250 OK"

    @property
    def ids(self) -> list[str]:
        """The Message-ID of each message."""
        return [str(message["message-id"]) for message in self.messages]


@asynccontextmanager
async def mail_server(
    inbox: Inbox,
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    login: LoginPassword | None = None,
    port: int = 0,
) -> AsyncIterator[int]:
    """A server on a port of the loopback. With ``tls`` it offers STARTTLS, or encrypts at once (``implicit``)."""

    def session() -> SMTP:
        return SMTP(
            inbox,
            hostname="localhost",
            tls_context=None if implicit else tls,
            authenticator=None if login is None else _checking(login),
            auth_required=login is not None,
            auth_require_tls=login is not None,
            enable_SMTPUTF8=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", port, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def text_of(message: EmailMessage) -> str:
    """The text of a message, its lines ended as the product ends them."""
    return str(message.get_content()).replace("\r\n", "\n")


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _checking(login: LoginPassword) -> Any:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given == login, handled=False)

    return check


@dataclass(frozen=True)
class Certificate:
    """A certificate for ``localhost`` that its own file vouches for."""

    file: Path
    context: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
                ),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = folder / "certificate.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return cls(file, context)
