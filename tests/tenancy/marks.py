"""What must not be seen of a tenant: the words that its texts hold, and every id that is its own."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


@dataclass(frozen=True)
class Marks:
    """By what things of a tenant are known."""

    words: frozenset[str]
    ids: frozenset[str]
    """In hexadecimal digits alone."""

    def found(self, answer: object, *, but: object = ()) -> set[str]:
        """The marks in what somebody was told, but for the ids that they named themselves."""
        text = answer if isinstance(answer, str) else json.dumps(answer, default=str)
        ids = hexes(text) & self.ids - hexes(json.dumps(but, default=str))
        return ids | {word for word in self.words if word in text.lower()}

    def without(self, *marks: str) -> "Marks":
        """The marks but for these."""
        return Marks(self.words - set(marks), self.ids - {mark.replace("-", "") for mark in marks})


def hexes(text: str) -> set[str]:
    """Every id in a text, however it is written."""
    return {match.replace("-", "") for match in _ID.findall(text.lower())}


def marks(words: Iterable[str], ids: Iterable[object]) -> Marks:
    """The marks of a tenant."""
    return Marks(frozenset(words), frozenset(str(id).replace("-", "") for id in ids))
