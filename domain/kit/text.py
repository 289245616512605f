"""Texts as people type them, made tidy before they are kept."""

import unicodedata
from collections.abc import Iterable

from domain.kit.fields import Pattern

ONE_LINE = Pattern("[^\\n\\r\\v\\f\\x85\\u2028\\u2029]*", "must be one line")
"""Marks a text, such as a title, that lists show on one line."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = Pattern(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[Xx][Nn]--[A-Za-z0-9-]{{1,58}}[A-Za-z0-9])",
    "is not an e-mail address",
)
"""Marks an address that mail can reach: without empty parts, and with the names of domains as DNS has them."""


def normal(text: str) -> str:
    """The text in the one encoding in which texts are kept: letters and accents composed (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def key(word: str) -> str:
    """What words such as tags are equal by: without case, and without differences of width or composition."""
    tidy = word.strip()
    if tidy.isascii():
        return tidy.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tidy).casefold())


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """The words without blanks around them, in order, each once.

    Of several with the same `key` the first stays, as it was typed.
    """
    spelled: dict[str, str] = {}
    for word in words:
        tidy = normal(word.strip())
        spelled.setdefault(key(tidy), tidy)
    return tuple(spelled.values())
