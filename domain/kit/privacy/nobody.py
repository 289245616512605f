"""Ids under whose key data is sealed that names nobody: used as a person's are, and told from them."""

from uuid import UUID, uuid5

_MARK = 0x6E6F626F
"""Their first 32 bits."""
_REST = (1 << 96) - 1


def nobody_of(thing: UUID, what: str) -> UUID:
    """The id that stands for nobody in what comes of a thing: a UUID of version 8, whose form is its maker's."""
    bits = _MARK << 96 | uuid5(thing, what).int & _REST
    return UUID(int=bits & ~(0xF << 76) | 8 << 76)


def is_nobody(id: UUID) -> bool:
    """Whether an id stands for nobody."""
    return id.int >> 96 == _MARK and id.int >> 76 & 0xF == 8
