"""Mail over SMTP: one connection for each message, encrypted wherever the server is not on this machine."""

import ipaddress
import ssl
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

from aiosmtplib import SMTP, SMTPRecipientsRefused, SMTPResponseException

from app.mail.message import Sender, recipient
from domain.kit.clock import Clock
from domain.kit.mail import Mail, RecipientRefused

_TIMEOUT = 10.0
"""Seconds that the server may take for each answer."""
_PERMANENT = range(500, 600)


class MailNotTaken(Exception):
    """The server answered with an error that may pass. The text has its code; its words may quote the address."""


class SmtpAddressError(ValueError):
    """The address of a mail server cannot be used; the text says why, and repeats none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server: ``smtp://name:password@host:587`` or ``smtps://host``.

    With ``smtps`` the connection is encrypted from its first byte, with ``smtp`` by STARTTLS; a server that does
    not offer it is given nothing. ``?starttls=never`` sends in plain text, which is the default where the server
    is on this machine. ``?ca=FILE`` names certificates (PEM) to trust in place of the system's.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool
    starttls: bool
    ca: str | None

    @classmethod
    def of(cls, url: str) -> "SmtpServer":
        """The server that an address names. Raises SmtpAddressError."""
        try:
            parts = urlsplit(url)
            given = parts.port
            options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        except ValueError:
            raise SmtpAddressError("it cannot be read") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SmtpAddressError("it must look like smtp://host:587 or smtps://host")
        here, implicit = _is_here(parts.hostname), parts.scheme == "smtps"
        starttls = options.pop("starttls", "never" if here else "required")
        ca = options.pop("ca", None)
        if options or starttls not in ("required", "never"):
            raise SmtpAddressError("after ? may stand starttls=required, starttls=never and ca=FILE")
        if parts.username and starttls == "never" and not (implicit or here):
            raise SmtpAddressError("a password is not sent to another machine in plain text")
        return cls(
            host=parts.hostname,
            port=given or (465 if implicit else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=implicit,
            starttls=starttls == "required" and not implicit,
            ca=ca,
        )

    def tls(self) -> ssl.SSLContext:
        """Whom to trust. Raises OSError when the CA's file cannot be read."""
        return ssl.create_default_context(cafile=self.ca)


class SmtpMailer:
    """`domain.kit.mail.Mailer` over SMTP. Nothing is tried again here: who sends does that, with the same key."""

    def __init__(
        self, server: SmtpServer, sender: Sender, clock: Clock, *, timeout: float = _TIMEOUT
    ) -> None:
        """``timeout``: seconds for each answer of the server. Raises OSError when the CA's file cannot be read."""
        self._server = server
        self._sender = sender
        self._clock = clock
        self._timeout = timeout
        self._tls = server.tls()

    async def send(self, mail: Mail, *, key: UUID) -> None:
        to = recipient(mail.to).addr_spec
        message = self._sender.message(mail, key=key, now=self._clock.now())
        client: SMTP | None = None
        try:
            client = await connected(self._server, self._tls, seconds=self._timeout)
            await client.sendmail(self._sender.address, [to], message)
        except SMTPRecipientsRefused as refused:
            code = refused.recipients[0].code
            if code in _PERMANENT:
                raise RecipientRefused(f"the server answered {code}") from None
            raise MailNotTaken(f"The server answered {code}.") from None
        except SMTPResponseException as refused:
            raise MailNotTaken(f"The server answered {refused.code}.") from None
        finally:
            if client is not None:
                client.close()


async def connected(server: SmtpServer, tls: ssl.SSLContext, *, seconds: float) -> SMTP:
    """A connection on which mail can be sent, with so much time for each answer. Raises SMTPException, OSError or
    TimeoutError."""
    client = SMTP(
        hostname=server.host,
        port=server.port,
        timeout=seconds,
        use_tls=server.implicit_tls,
        start_tls=server.starttls,
        tls_context=tls,
        # The machine's own name is nobody's business, and looking it up may take long.
        local_hostname="headwater",
    )
    try:
        await client.connect()
        if server.username:
            await client.login(server.username, server.password or "")
    except BaseException:
        client.close()
        raise
    return client


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
