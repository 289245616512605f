"""How much a pattern may cost: what the engine has to keep in mind at once for each character of a text.

The engine takes a time linear in the text, times the states of the pattern; repetitions that are counted multiply
these: ``(?:[ab]{1,400}){1,9}`` has 3,600.
"""

import re
from typing import Any

_COUNTED = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_MANY = 1_000_000
MOST_STATES = 30_000_000
"""The most states, of patterns that have many, times bytes of a document: about a tenth of a second."""
_LIGHT = 64
"""Patterns of no more states cost next to nothing: the engine remembers where they lead."""
_WIDE = 4
"""As how many states anything counts that takes most characters: they are of several bytes."""


def heavy_states(pattern: str) -> int:
    """The states of a pattern that has many; 0 of any other."""
    found = states(pattern)
    return found if found > _LIGHT else 0


def patterns_of(part: dict[str, Any]) -> list[str]:
    """The patterns of a schema itself, for a text and for names."""
    own = [part["pattern"]] if isinstance(part.get("pattern"), str) else []
    return [*own, *part.get("patternProperties", ())]


def states(pattern: str) -> int:
    """About how many states a pattern has: its characters and classes, each as often as it is repeated."""
    groups, last, at = [0], 0, 0
    while at < len(pattern):
        character, end = pattern[at], at + 1
        counted = _COUNTED.match(pattern, at)
        if counted:
            times = int(counted[3] or counted[1]) + (counted[2] is not None and not counted[3])
            groups[-1] = min(groups[-1] + last * (max(times, 1) - 1), _MANY)
            last, end = min(last * max(times, 1), _MANY), counted.end()
        elif character == "(":
            groups.append(0)
            last = 0
        elif character == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] = min(groups[-1] + last, _MANY)
        elif character not in "*+?|":
            end = _after_class(pattern, at) if character == "[" else _after_character(pattern, at)
            last = _WIDE if _is_wide(pattern[at:end]) else 1
            groups[-1] = min(groups[-1] + last, _MANY)
        at = end
    return sum(groups)


def _after_character(pattern: str, at: int) -> int:
    """Where what begins here ends: a character, or an escape such as ``\\d``, ``\\p{L}`` and ``\\x{1F600}``."""
    if pattern[at] != "\\":
        return at + 1
    if pattern[at + 1 : at + 2] in ("p", "P", "x", "u", "U") and pattern[at + 2 : at + 3] == "{":
        return pattern.find("}", at) + 1 or len(pattern)
    return at + 2


def _after_class(pattern: str, at: int) -> int:
    """Where a class ends, which may hold others."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "[":
            depth += 1
        elif pattern[at] == "]":
            depth -= 1
            if not depth:
                return at + 1
        at = _after_character(pattern, at)
    return at


def _is_wide(atom: str) -> bool:
    return atom == "." or atom.startswith("[^") or atom[:2] in ("\\w", "\\W", "\\S", "\\D", "\\p", "\\P")
