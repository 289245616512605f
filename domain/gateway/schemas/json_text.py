"""JSON as it is kept: what cannot be, and the one text that equal values have."""

import math
from typing import Any

import msgspec

from domain.kit.refusals import Path, Violation, ViolationCode

_LEAST, _MOST = -(2**63), 2**63 - 1


def unstorable(value: Any, *, deepest: int, path: Path = ()) -> Violation | None:
    """What keeps a value from being stored and read again as it is; None when nothing does.

    Looks as deep as ``deepest`` objects and lists inside one another.
    """
    if isinstance(value, dict | list):
        if deepest == 0:
            return Violation(ViolationCode.TOO_DEEP, "is nested too deeply", path)
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            if isinstance(name, str) and (wrong := _not_text(name)):
                return Violation(ViolationCode.FORMAT, wrong, path)
            if found := unstorable(part, deepest=deepest - 1, path=(*path, name)):
                return found
        return None
    wrong = _not_kept(value)
    return Violation(ViolationCode.FORMAT, wrong, path) if wrong else None


def _not_kept(value: Any) -> str | None:
    match value:
        case str():
            return _not_text(value)
        case bool() | None:
            return None
        case int() | float():
            kept = math.isfinite(value) and _LEAST <= value <= _MOST
            return None if kept else "holds a number with too many digits"
        case _:
            return "holds what is not JSON"


def _not_text(text: str) -> str | None:
    # Postgres stores no NUL, and UTF-8 has no lone surrogates.
    wrong = "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)
    return "holds characters that are not text" if wrong else None


def canonical(value: Any) -> Any:
    """The value with its keys in order and whole numbers without a fraction: equal values become equal texts."""
    match value:
        case dict():
            return {name: canonical(value[name]) for name in sorted(value)}
        case list():
            return [canonical(part) for part in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def canonical_text(value: Any) -> bytes:
    """What `canonical` makes of a value, as JSON in UTF-8."""
    return msgspec.json.encode(canonical(value))
