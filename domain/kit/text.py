"""Texts as people type them, made tidy before they are kept."""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from domain.kit.fields import Pattern

T = TypeVar("T")

ONE_LINE = Pattern("[^\\n\\r\\v\\f\\x85\\u2028\\u2029]*", "must be one line")
"""Marks a text, such as a title, that lists show on one line."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = Pattern(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[Xx][Nn]--[A-Za-z0-9-]{{1,58}}[A-Za-z0-9])",
    "is not an e-mail address",
)
"""Marks an address that mail can reach: without empty parts, and with the names of domains as DNS has them."""

# Blanks, controls, and marks that only format what stands beside them, such as a zero-width space.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Letters, symbols and marks that show nothing by themselves: fillers of Hangul, the empty pattern of Braille, and
# what joins or varies the character before it.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def visible_length(text: str) -> int:
    """The length of a text without the blanks around it; nothing, when there is nothing to be seen."""
    stripped = text.strip()
    seen = any(
        unicodedata.category(character) not in _INVISIBLE and not _BLANK.match(character)
        for character in stripped
    )
    return len(stripped) if seen else 0


def normal(text: str) -> str:
    """The text in the one encoding in which texts are kept: letters and accents composed (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_DEEPEST = 100
"""Levels of what a command holds that are looked at; the rules refuse what is nested that deep."""


def composed(value: T, *, depth: int = 0) -> T:
    """A command, or whatever else holds texts, with each of them `normal`: the one place where that is done."""
    if depth > _DEEPEST:
        return value
    below = partial(composed, depth=depth + 1)
    # What a command holds has no static type here, hence Any.
    given: Any = value
    tidied: Any = given
    if isinstance(given, str):
        # An enum of texts stays one.
        tidied = normal(given) if type(given) is str else given
    elif isinstance(given, dict):
        tidied = {below(name): below(inner) for name, inner in given.items()}
    elif type(given) in (tuple, list, set, frozenset):
        tidied = type(given)(map(below, given))
    elif dataclasses.is_dataclass(given) and not isinstance(given, type):
        fields = {field.name: getattr(given, field.name) for field in dataclasses.fields(given) if field.init}
        texts = {name: below(text) for name, text in fields.items()}
        changed = {
            name: text for name, text in texts.items() if text is not fields[name] and text != fields[name]
        }
        tidied = dataclasses.replace(given, **changed) if changed else given
    result: T = tidied
    return result


def key(word: str) -> str:
    """What words such as tags and names are equal by: without case, without differences of width or composition,
    and without characters that nobody sees."""
    tidy = word.strip()
    if tidy.isascii():
        return tidy.lower()
    seen = "".join(character for character in tidy if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold()).strip()


def folded(text: str) -> str:
    """What a text is compared by where a part of it is looked for: without case, and without differences of width
    or composition."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """The words without blanks around them, in order, each once.

    Of several with the same `key` the first stays, as it was typed.
    """
    spelled: dict[str, str] = {}
    for word in words:
        tidy = normal(word.strip())
        spelled.setdefault(key(tidy), tidy)
    return tuple(spelled.values())


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that comes a second time; None where each comes once."""
    seen = set[str]()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
