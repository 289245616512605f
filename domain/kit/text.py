"""Texts as people type them, made tidy before they are kept."""

from collections.abc import Iterable

from domain.kit.fields import Pattern

ONE_LINE = Pattern("[^\\n\\r\\v\\f\\x85\\u2028\\u2029]*", "must be one line")
"""Marks a text, such as a title, that lists show on one line."""


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """The words without blanks around them, in order, each once.

    Of several that differ only in upper and lower case the first stays, as it was typed.
    """
    spelled: dict[str, str] = {}
    for word in words:
        tidy = word.strip()
        spelled.setdefault(tidy.casefold(), tidy)
    return tuple(spelled.values())
