"""A mail as the bytes that travel: headers and bodies as RFC 5322 and MIME have them."""

import unicodedata
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from domain.kit.mail import Mail, RecipientRefused, ascii_address


class Sender:
    """Whom mail comes from, as ``Headwater <no-reply@example.com>`` or the address alone."""

    def __init__(self, text: str) -> None:
        """Raise ValueError unless the text is one address, with or without a name before it."""
        header = SMTP.header_factory("From", in_a_line(text))
        if text != in_a_line(text) or header.defects or len(header.addresses) != 1:
            raise ValueError("This is not the address of a sender.")
        (self._header,) = header.addresses
        self.address = self._header.addr_spec
        """What the envelope names."""

    def message_id(self, key: UUID) -> str:
        """The one Message-ID of a message, however often it is sent."""
        return f"<{key.hex}@{self._header.domain}>"

    def message(self, mail: Mail, *, key: UUID, now: datetime, encoding: str = "quoted-printable") -> bytes:
        """The message. Raises RecipientRefused when ``mail.to`` is not exactly one address.

        With the ``encoding`` 8bit people can copy a link out of it as it is; not every server takes that.
        """
        message = EmailMessage(policy=SMTP)
        message["From"] = self._header
        message["To"] = recipient(mail.to)
        message["Subject"] = in_a_line(mail.subject)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = self.message_id(key)
        # Nobody's absence note is to answer a program (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, charset="utf-8", cte=encoding)
        if mail.html:
            message.add_alternative(mail.html, subtype="html", charset="utf-8", cte=encoding)
        return message.as_bytes()


def recipient(text: str) -> Address:
    """The one address of a text, its domain in ASCII.

    Raises RecipientRefused for a list, a name with an address, or neither, and for letters before the ``@`` that
    few servers take.
    """
    try:
        text = ascii_address(text)
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        # The library's error quotes the text, so it is not chained.
        raise RecipientRefused(f"not an address ({type(error).__name__})") from None
    if address.addr_spec != text or not text.isascii() or not address.domain:
        raise RecipientRefused("not an address")
    return address


def in_a_line(text: str) -> str:
    """The text without line breaks and control characters, which would begin another header."""
    kept = (" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    return " ".join("".join(kept).split())
