"""Ids: as text, in one spelling each, and as they follow from others."""

import re
from hashlib import sha1
from uuid import UUID, SafeUUID

_ID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile("[0-9a-f]{32}")
_SPELLING = re.compile(r"(?:urn:)?(?:uuid:)?\{?([0-9a-f]{32})\}?", re.ASCII | re.IGNORECASE)
_WITHIN = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?![0-9a-f])", re.ASCII | re.IGNORECASE
)
_FREE = ~(0xF000 << 64 | 0xC000 << 48)
"""All bits of an id but those that say its version and variant."""
_VERSION_5 = 5 << 76 | 2 << 62


def read_id(text: object) -> UUID:
    """The id that a text spells as 8-4-4-4-12 hexadecimal digits. Raises ValueError.

    ``UUID`` itself takes signs, blanks, underscores and the digits of every script, and with some of them makes
    another id of what looks like one.
    """
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise ValueError("An id is a UUID as 018f0000-0000-7000-8000-000000000000.")
    return id_of(int(text.replace("-", ""), 16))


def read_spelling(text: object) -> UUID | None:
    """The id that a text of an outside system spells, also in capitals, in braces, as ``urn:uuid:…``, and whatever
    dashes it has: nothing that ``UUID`` takes for another id than it looks like."""
    if not isinstance(text, str) or len(text) < 32:
        return None
    found = _SPELLING.fullmatch(text.replace("-", ""))
    return None if found is None else id_of(int(found[1], 16))


def id_within(text: str) -> UUID | None:
    """The first id that stands in a text, in any spelling of its digits and dashes."""
    found = _WITHIN.search(text)
    return None if found is None else read_spelling(found.group())


def in_one_spelling(text: str) -> str:
    """The text; an id that an outside system spells in any way, as ids are written here."""
    id = read_spelling(text)
    return text if id is None else str(id)


def spelled(text: str) -> str:
    """The text; one that spells an id, as ids are written here."""
    return text.lower() if len(text) == 36 and _ID.fullmatch(text) else text


def id_of(number: int) -> UUID:
    """The id that is this number of 128 bits, which is not looked at: ``UUID`` takes longer to check what it is
    given than many an id takes to be made."""
    id = object.__new__(UUID)
    object.__setattr__(id, "int", number)
    object.__setattr__(id, "is_safe", SafeUUID.unknown)
    return id


def id_from(namespace: UUID, name: str) -> UUID:
    """The id of a name, version 5: what `uuid.uuid5` makes, in less than half of the time."""
    digest = sha1(namespace.int.to_bytes(16) + name.encode(), usedforsecurity=False).digest()
    return id_of(int.from_bytes(digest[:16]) & _FREE | _VERSION_5)


def read_hex(text: str) -> UUID:
    """The id that is written as 32 small hexadecimal digits. Raises ValueError."""
    if not _HEX.fullmatch(text):
        raise ValueError("This is not an id in hexadecimal digits.")
    return UUID(hex=text)
