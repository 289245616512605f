"""Mail: one message to one person, and the port through which it leaves."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import idna


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message. It holds personal data in plain text: made just before it is sent, stored nowhere."""

    to: str
    """The address alone, without a name."""
    subject: str
    text: str
    """The body as plain text; lines end with a line feed."""
    html: str = ""
    """The same body as HTML, for programs that prefer it; may be empty."""
    tenant_id: UUID | None = None
    """For which tenant it is written; the mail itself does not say so."""

    def __repr__(self) -> str:
        # Messages end up in tracebacks, and so would the address and whatever secret link the text holds.
        return "Mail(...)"


class RecipientRefused(Exception):
    """The server will never take mail for this address; its answer is the text, without the address."""


class Mailer(Protocol):
    """Send mail."""

    async def send(self, mail: Mail, *, key: UUID) -> None:
        """Hand the mail over, durably when this returns.

        ``key`` is the same at every try of the same message and no other: it becomes the Message-ID, so a
        message that was delivered although the try failed can be told from a new one. Raises RecipientRefused;
        whatever else rises may pass, and the same message may be tried again.
        """
        ...


def ascii_address(text: str) -> str:
    """The address with its domain as DNS has it: ``zoe@münchen.example`` is ``zoe@xn--mnchen-3ya.example``.

    What stands before the ``@`` stays as it is. Raises ValueError for a domain that is none.
    """
    local, at, domain = text.rpartition("@")
    if domain.isascii():
        return text
    # idna.IDNAError is a ValueError.
    return local + at + idna.encode(domain, uts46=True).decode()
