"""JSON objects that people choose freely, such as settings, kept small and plain."""

import math
from typing import Annotated, Any

import msgspec

from domain.kit.fields import Authored, Describe, Internal, Requires
from domain.kit.refusals import Invalid, ViolationCode

LARGEST = 16_384
"""The most bytes that an object takes as JSON in UTF-8."""
DEEPEST = 8
"""How many objects and lists may stand inside one another, the outermost counted."""

_LEAST, _MOST = -(2**63), 2**63 - 1


# Whatever JSON holds.
def require_plain(value: Any) -> None:
    """Raise Invalid for an object that is too large, too deep or cannot be stored."""
    # Depth comes first: what follows recurses.
    if _deeper_than(value, DEEPEST):
        raise Invalid(
            field=None,
            reason=f"is nested deeper than {DEEPEST}",
            why=ViolationCode.TOO_DEEP,
            maximum=DEEPEST,
        )
    if reason := _unstorable(value):
        raise Invalid(field=None, reason=reason, why=ViolationCode.FORMAT)
    if len(msgspec.json.encode(value)) > LARGEST:
        raise Invalid(
            field=None,
            reason=f"takes more than {LARGEST} bytes",
            why=ViolationCode.TOO_LARGE,
            maximum=LARGEST,
        )


# Any, because people put into it what they like; `require_plain` says what they may.
Config = Annotated[
    dict[str, Any],
    Internal(),
    Authored(),
    Requires(require_plain),
    Describe("The flag's configuration, a JSON object of at most 16 KiB."),
]


def _deeper_than(value: object, limit: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if limit == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(item, limit - 1) for item in inner)


def _unstorable(value: object) -> str | None:
    match value:
        case str():
            # Postgres stores no NUL, and UTF-8 has no lone surrogates.
            return "holds characters that are not text" if "\0" in value or not _encodes(value) else None
        case bool() | None:
            return None
        case int():
            return None if _LEAST <= value <= _MOST else "holds a number with too many digits"
        case float():
            if not math.isfinite(value):
                return "holds what is not a number"
            # Postgres keeps numbers in decimals and gives this one back as a whole number of that many digits.
            return None if _LEAST <= value <= _MOST else "holds a number with too many digits"
        case dict():
            return next(filter(None, map(_unstorable, [*value.keys(), *value.values()])), None)
        case list():
            return next(filter(None, map(_unstorable, value)), None)
        case _:
            return "holds what is not JSON"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
