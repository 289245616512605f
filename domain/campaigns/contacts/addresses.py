"""The addresses of contacts: what was given is what is sent to, and what is compared is its normalised key."""

import re
from typing import Annotated

from domain.kit.fields import Confidential, Describe, Len, Personal, Purpose, Requires
from domain.kit.mail import ascii_address
from domain.kit.refusals import Invalid
from domain.kit.text import ADDRESS

EMAIL_INDEX = "campaigns.contact.email"
"""Under which an address is reserved in the tenant, and found."""
LONGEST = 254
"""Characters of an address, its domain in ASCII: what SMTP carries (RFC 5321)."""

_ADDRESS = re.compile(ADDRESS.regex)


def address_key(text: str) -> str:
    """What equal addresses have in common: in lower case, the domain as DNS has it. Dots and tags stay, as they
    tell people apart at most providers.

    Raises Invalid, of no field, for what is no address, or none that every mail server takes.
    """
    text = text.strip()
    if not text.rpartition("@")[0].isascii():
        raise Invalid(field=None, reason="has letters before the @ that not every mail server takes")
    try:
        plain = ascii_address(text)
    except ValueError:
        plain = ""
    if len(plain) > LONGEST or not _ADDRESS.fullmatch(plain):
        raise Invalid(field=None, reason=ADDRESS.otherwise)
    return plain.lower()


def require_address(text: str) -> None:
    """Raise Invalid, of no field, for what has no `address_key`."""
    address_key(text)


Email = Annotated[
    str,
    Len(3, 255),
    Requires(require_address),
    Confidential(),
    Personal(),
    Purpose("To write to the contact."),
    Describe("The contact's e-mail address, as it was given."),
]
EmailKey = Annotated[
    str,
    Len(3, 255),
    Confidential(),
    Personal(searchable=EMAIL_INDEX),
    Purpose("To tell contacts apart, and to find them by their address."),
    Describe("The address as it is compared: in lower case, its domain as DNS has it."),
]
