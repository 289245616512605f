"""Texts of rows that clients are shown as something else, as the type that shows the row declares them.

    @shows(AccessRow, needs="audit:read")
    class Access:
        outcome: AccessOutcome | None
        operation: str | None

What is declared as an enum is one of its values, and null when this version of the code does not know the text:
other versions write the same tables. What is declared as a text or nothing, where the row always has a text, is
null when it is empty. What is declared as JSON, where the row has JSON as a text, is what that says.
"""

import json
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, TypeAlias, TypeVar, get_args

from api.kit.schema.scalars import Json

E = TypeVar("E", bound=Enum)
Reading: TypeAlias = Callable[[Any], Any]

UNKNOWN = "Null for a value that this version does not know."


def known(enum: type[E], text: object) -> E | None:
    """The member of this value; None for one that the enum lacks, as another version may have written it."""
    try:
        return enum(text)
    except ValueError:
        return None


def text_or_none(text: str | None) -> str | None:
    """A text; None for an empty one."""
    return text or None


def json_or_none(text: str | None) -> Json | None:
    """What a JSON text says; None for an empty one."""
    return Json(json.loads(text)) if text else None


# Type hints have no static type, hence Any.
def reading(called: str, declared: Any, stored: Any) -> Reading | None:
    """How a column of this type is read that is shown as it is declared; None where it is shown as it stands.
    Both types are without marks.

    Raises TypeError for an enum that may not be null, of a column that may hold any text.
    """
    kinds, held = set(get_args(declared) or (declared,)), set(get_args(stored) or (stored,))
    if not held <= {str, type(None)}:
        return None
    if Json in kinds:
        return json_or_none
    enum = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)), None)
    if enum is not None:
        if type(None) not in kinds:
            raise TypeError(
                f"{called} may hold a text that {enum.__name__} lacks: say `{enum.__name__} | None`."
            )
        return partial(known, enum)
    return text_or_none if kinds == {str, type(None)} and held == {str} else None


def is_of_enum(read: Reading | None) -> bool:
    """Whether a column is read so as to be one of an enum's values."""
    return isinstance(read, partial)
