"""Ids as text, in one spelling each."""

import re
from uuid import UUID

_ID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile("[0-9a-f]{32}")


def read_id(text: object) -> UUID:
    """The id that a text spells as 8-4-4-4-12 hexadecimal digits. Raises ValueError.

    ``UUID`` itself takes signs, blanks, underscores and the digits of every script, and with some of them makes
    another id of what looks like one.
    """
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise ValueError("An id is a UUID as 018f0000-0000-7000-8000-000000000000.")
    return UUID(text)


def read_hex(text: str) -> UUID:
    """The id that is written as 32 small hexadecimal digits. Raises ValueError."""
    if not _HEX.fullmatch(text):
        raise ValueError("This is not an id in hexadecimal digits.")
    return UUID(hex=text)
