"""Sealed texts: personal data as it is stored, and the port that opens it at the edge.

A personal field is sealed when its event is appended and stays so in every view, cache and index. Folds and
aggregates handle the sealed text as any other; who shows it to somebody opens it.
"""

import re
from collections.abc import Sequence
from typing import Protocol
from unicodedata import category, normalize
from uuid import UUID

ERASED = ""
"""What a sealed text opens to when the person's key was destroyed."""

_SHAPE = re.compile(r"hw1\.([0-9a-f]{32})\.[0-9]+\.([0-9a-f]+|-)\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


_ALMOST = re.compile(r"hw1[.][0-9a-f]{32}[.]")
"""How each sealed text begins: nobody types that."""
_LETTERS = frozenset("hw1.")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")


class KeysUnavailable(Exception):
    """The keys cannot be reached: their table, or the service that keeps the master key. Trying again is right."""


class Unopenable(ValueError):
    """A sealed text does not open: it was sealed for another tenant, or was changed."""


class Opening(Protocol):
    """Open sealed texts."""

    async def open(self, tenant_id: UUID, texts: Sequence[str]) -> list[str]:
        """The plain texts, in order. One of an erased person gives `ERASED`; what is not sealed comes back as it
        is. Raises Unopenable for one that was sealed for another tenant or tampered with, and KeysUnavailable
        or whatever the database raises when keys cannot be had."""
        ...


class PlainOpening:
    """For logs whose texts are not sealed."""

    async def open(self, tenant_id: UUID, texts: Sequence[str]) -> list[str]:
        return list(texts)


async def opened_each(opening: Opening, tenant_id: UUID, texts: Sequence[str]) -> list[str | None]:
    """As `Opening.open`, with None for each text that does not open. Raises KeysUnavailable as that does."""
    try:
        return [*await opening.open(tenant_id, texts)]
    except Unopenable:
        if len(texts) == 1:
            return [None]
    half = len(texts) // 2
    return [
        *await opened_each(opening, tenant_id, texts[:half]),
        *await opened_each(opening, tenant_id, texts[half:]),
    ]


def is_sealed(text: str) -> bool:
    """Whether a stored text is a sealed one."""
    return text.startswith("hw1.") and _SHAPE.fullmatch(text) is not None


def resembles_sealed(text: str) -> bool:
    """Whether a text holds anything that could pass for a sealed one, once somebody has made it tidy.

    Whatever is taken off the ends of texts, normalised, or dropped because nobody sees it, is disregarded here:
    what a caller sends is to be refused before it can become a sealed text.
    """
    if text.isascii():
        if "." not in text or "1" not in text:
            return False
        folded = text.casefold()
        return _LETTERS.issubset(folded) and _ALMOST.search(_BLANK.sub("", folded)) is not None
    folded = normalize("NFKC", text).casefold()
    # Cheap, and true of few long texts.
    if not _LETTERS.issubset(folded):
        return False
    seen = "".join(character for character in folded if category(character)[0] not in "CMZ")
    return _ALMOST.search(seen) is not None


def subject_of(text: str) -> UUID:
    """Whose a sealed text is. Raises ValueError for one that is not sealed."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError("This text is not sealed.")
    return UUID(hex=found[1])


def fingerprint_of(text: str) -> str | None:
    """The fingerprint that a sealed text carries, None when it carries none. Raises ValueError as `subject_of`."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError("This text is not sealed.")
    return None if found[2] == "-" else found[2]
