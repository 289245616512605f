"""Objects of JSON as texts have them: what says a member more than once is known, and where each ends."""

import re
from typing import Any

from domain.kit.text import first_repeated

TEXTS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
BRACKETS = re.compile(TEXTS.pattern + r"|[\[\]{}]", re.DOTALL)
_LONGEST_NAME = 100

# JSON of any shape, hence Any.
Json = Any


class Repeated(dict[str, Any]):
    """An object that says one of its members more than once."""

    name: str


def object_of(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The object with these members; one that says a member more than once is known by `repeated_in`."""
    found = dict(pairs)
    name = None if len(found) == len(pairs) else first_repeated(name for name, _ in pairs)
    return found if name is None else repeating(found, name)


def repeated_in(value: Json) -> str | None:
    """A member that a value, or one within it, says more than once."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Repeated):
            return name_of(each.name)
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return None


def repeating(value: dict[str, Json], name: str) -> dict[str, Json]:
    """The same object, which is known to have said a member more than once."""
    repeated = Repeated(value)
    repeated.name = name
    return repeated


def end_of(text: str, at: int) -> int:
    """Where an object or a list that begins here ends, by its brackets alone; 0 if it does not."""
    depth = 0
    for found in BRACKETS.finditer(text, at):
        if not found.group().startswith('"'):
            depth += 1 if found.group() in "[{" else -1
            if not depth:
                return found.end()
    return 0


def name_of(name: str) -> str:
    """A name as it may be told again."""
    return name[:_LONGEST_NAME].replace("\0", "?").encode(errors="replace").decode()
