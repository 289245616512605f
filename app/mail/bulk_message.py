"""A mail of a campaign as the bytes that travel.

It is written here and not by `email.message`, which encodes a ``List-Unsubscribe`` of more than 78 characters, so
that inboxes show no button, and takes several times as long.
"""

from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from uuid import UUID

from app.mail.message import in_a_line, recipient
from domain.gateway.callbacks.mail_notices import MESSAGE

_LONGEST_LINE = 998
"""Characters that a line has at most (RFC 5322)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkMail:
    """A mail to one of many. It holds personal data in plain text."""

    from_name: str
    from_address: str
    to: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str
    """Where a POST unsubscribes the recipient at once (RFC 8058)."""
    feedback_id: str = ""
    """By what providers add up complaints: up to four parts, joined by colons, the sender last."""

    def __repr__(self) -> str:
        # It would end up in tracebacks.
        return "BulkMail(...)"


def bulk_message(mail: BulkMail, *, key: UUID, now: datetime) -> bytes:
    """The message. ``key`` becomes its Message-ID, the same at every try.

    Raises RecipientRefused when ``mail.to`` is not exactly one address, and ValueError for an address to
    unsubscribe that no header can hold.
    """
    domain = mail.from_address.rpartition("@")[2]
    boundary = f"=_{key.hex}"
    sender = formataddr((str(Header(in_a_line(mail.from_name), "utf-8")), mail.from_address))
    headers = [
        f"From: {sender}",
        f"To: {recipient(mail.to).addr_spec}",
        f"Subject: {_encoded(in_a_line(mail.subject), 'Subject')}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{key.hex}@{domain}>",
        f"List-Unsubscribe: <{_address(mail.unsubscribe_url)}>",
        *(["List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if _is_https(mail.unsubscribe_url) else []),
        # By these, SendGrid and Amazon SES name the message when they tell of it.
        f'X-SMTPAPI: {{"unique_args": {{"{MESSAGE}": "{key}"}}}}',
        f"X-SES-MESSAGE-TAGS: {MESSAGE}={key}",
        *([f"Feedback-ID: {in_a_line(mail.feedback_id)}"] if mail.feedback_id else []),
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    return b"\r\n".join(
        (
            "\r\n".join(headers).encode("ascii"),
            b"",
            *_part(mail.text, "plain", boundary),
            *_part(mail.html, "html", boundary),
            f"--{boundary}--".encode(),
            b"",
        )
    )


def _part(body: str, subtype: str, boundary: str) -> tuple[bytes, ...]:
    # Whatever ends lines in it, they end in the way of mail.
    lines = "\r\n".join(body.splitlines())
    return (
        f"--{boundary}".encode(),
        f'Content-Type: text/{subtype}; charset="utf-8"'.encode(),
        b"Content-Transfer-Encoding: quoted-printable",
        b"",
        b2a_qp(lines.encode(), istext=True),
    )


def _encoded(text: str, name: str) -> str:
    """A header's text in ASCII, folded."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def _is_https(url: str) -> bool:
    """Whether one click may unsubscribe there: RFC 8058 asks for it, and what has no certificate is a trial."""
    return url.startswith("https://")


def _address(url: str) -> str:
    """The address, which stands in one line as it is: folded or encoded it is not recognised."""
    plain = url.isascii() and url.isprintable() and not set(url) & {" ", "<", ">"}
    web = url.startswith(("https://", "http://"))
    if not plain or not web or len(url) > _LONGEST_LINE - len("List-Unsubscribe: <>"):
        raise ValueError("This is no address to unsubscribe at.")
    return url
