"""Rows as plain JSON for people to look at, their confidential fields masked."""

from functools import cache
from typing import Any, get_type_hints

import msgspec

from domain.kit.fields import Confidential, Restricted, marks
from projections.kit.declare.folds import Key
from projections.kit.declare.view import View

MASKED = "***"
"""Stands in place of what is not shown."""

# A row's values are of any type, hence Any.
Plain = dict[str, Any]


def plain(row: object, *, unmasked: bool = False) -> Plain:
    """The row's fields as JSON holds them; those marked confidential or restricted only when ``unmasked``.

    An empty field stays empty, so that one sees that there is nothing.
    """
    values: Plain = msgspec.to_builtins(row)
    if not unmasked:
        # Classes can be hashed, which the checker does not see.
        for name in secret(type(row)):  # type: ignore[arg-type]
            if values[name] not in (None, ""):
                values[name] = MASKED
    return values


@cache
def secret(row: type[object]) -> frozenset[str]:
    """The names of a row's fields that are not for everyone's eyes."""
    hints = get_type_hints(row, include_extras=True)
    return frozenset(
        name
        for name, hint in hints.items()
        if any(isinstance(mark, Confidential | Restricted) for mark in marks(hint))
    )


def key_of(view: View[Any], text: str) -> Key:
    """The key that a person typed: its parts in order, with commas between them. Raises ValueError."""
    hints = get_type_hints(view.row)
    parts = text.split(",")
    if len(parts) != len(view.key):
        raise ValueError(f"A key of {view.name} is {', '.join(view.key)}, not {text!r}.")
    try:
        return tuple(
            msgspec.convert(part.strip(), hints[name], strict=False)
            for name, part in zip(view.key, parts, strict=True)
        )
    except msgspec.ValidationError as error:
        raise ValueError(f"{text!r} is no key of {view.name}: {error}.") from None
