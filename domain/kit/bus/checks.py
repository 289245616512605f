"""Checks of a command's fields against their annotated limits, before any rule runs."""

import dataclasses
import math
import re
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from unicodedata import category

from domain.kit.fields import Interval, Len, Pattern
from domain.kit.refusals import Invalid
from domain.kit.sealed import resembles_sealed

# Postgres stores no NUL and UTF-8 has no lone surrogates; the other control characters only hide things.
# Tab, line feed and carriage return are text. The two overrides of direction show a text as another one.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\udfff]")

# Blanks, controls, and marks that only format what stands beside them, such as a zero-width space.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Letters, symbols and marks that show nothing by themselves: fillers of Hangul, the empty pattern of Braille, and
# what joins or varies the character before it.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_DEEPEST = 100
"""How many objects and lists may stand inside one another in any field; a rule may allow fewer."""

# A field's value may be of any type, so a check takes Any.
Check = Callable[[Any], str | None]


def check(instance: object) -> None:
    """Raise Invalid, naming the field, for the first value outside its limits."""
    cls: Any = type(instance)
    for name, value in vars(instance).items():
        if _deeper_than(value, _DEEPEST):
            # What follows recurses.
            raise Invalid(field=name, reason="is nested too deeply")
        if _sealed_within(value):
            # It would be taken for what the log had sealed: opened, or matched by its fingerprint.
            raise Invalid(field=name, reason="looks like a sealed text")
    for name, checks in checks_of(cls):
        value = getattr(instance, name)
        for find in checks:
            if reason := find(value):
                raise Invalid(field=name, reason=reason)


@cache
def checks_of(cls: type[Any]) -> tuple[tuple[str, tuple[Check, ...]], ...]:
    """The checks of each annotated field of a class, worked out once."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple((name, found) for name, hint in hints.items() if (found := tuple(_checks(hint))))


def _checks(hint: Any) -> Iterator[Check]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _checks(args[0])
        for mark in args[1:]:
            if isinstance(mark, Len):
                yield _length(mark)
            elif isinstance(mark, Interval):
                yield _interval(mark)
            elif isinstance(mark, Pattern):
                yield _pattern(mark)
    elif origin in (Union, types.UnionType):
        for inner in args:
            for each in _checks(inner):
                yield _optional(each)
    elif origin is tuple and args[-1] is not Ellipsis:
        for place, inner in enumerate(args):
            yield from (_at(place, each) for each in _checks(inner))
    elif origin in (tuple, list, frozenset, set):
        yield from map(_every, _checks(args[0]))
    elif origin is dict:
        yield _object
        yield from (_of(dict.keys, _every(each)) for each in _checks(args[0]))
        yield from (_of(dict.values, _every(each)) for each in _checks(args[1]))
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        for name, checks in checks_of(hint):
            yield from (_of(attrgetter(name), each, name) for each in checks)
    elif hint in _OF_TYPES:
        yield _OF_TYPES[hint]


def _printable(value: str) -> str | None:
    return "holds characters that are not text" if _UNPRINTABLE.search(value) else None


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list | tuple | set | frozenset):
                inner += item
        if not inner:
            return False
        level = inner
    return True


# A command's values may be of any type.
def _sealed_within(value: Any) -> bool:
    """Whether a text in it, however deep, could pass for a sealed one."""
    if isinstance(value, str):
        return resembles_sealed(value)
    if isinstance(value, dict):
        return any(_sealed_within(item) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_sealed_within, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(_sealed_within(getattr(value, field.name)) for field in dataclasses.fields(value))
    return False


def _zoned(value: datetime) -> str | None:
    if value.tzinfo is None:
        return "must have a time zone"
    return None if 1900 <= value.year <= 9000 else "is outside the years 1900 to 9000"


def _object(value: Any) -> str | None:
    # The API takes JSON of any shape here.
    return None if isinstance(value, dict) else "must be a JSON object"


def _storable(value: int) -> str | None:
    return None if -(2**63) <= value < 2**63 else "has too many digits"


def _finite(value: float) -> str | None:
    return None if math.isfinite(value) else "is not a number"


_OF_TYPES: dict[Any, Check] = {str: _printable, datetime: _zoned, int: _storable, float: _finite}


def _length(limit: Len) -> Check:
    def within(value: Any) -> str | None:
        text = isinstance(value, str)
        size, of = (_visible(value), "characters") if text else (len(value), "entries")
        if size < limit.min_length:
            few = f"has fewer than {limit.min_length} {of}"
            return "must not be empty" if limit.min_length == 1 else few
        if limit.max_length is not None and len(value) > limit.max_length:
            return f"has more than {limit.max_length} {of}"
        return None

    return within


def _visible(text: str) -> int:
    """The length of a text without the blanks around it; nothing, when there is nothing to be seen."""
    stripped = text.strip()
    seen = any(
        category(character) not in _INVISIBLE and not _BLANK.match(character) for character in stripped
    )
    return len(stripped) if seen else 0


def _interval(limit: Interval) -> Check:
    def within(value: Any) -> str | None:
        if limit.ge is not None and value < limit.ge:
            return f"must be at least {limit.ge}"
        if limit.gt is not None and value <= limit.gt:
            return f"must be more than {limit.gt}"
        if limit.le is not None and value > limit.le:
            return f"must be at most {limit.le}"
        if limit.lt is not None and value >= limit.lt:
            return f"must be less than {limit.lt}"
        return None

    return within


def _pattern(limit: Pattern) -> Check:
    compiled = re.compile(limit.regex)
    return lambda value: None if compiled.fullmatch(value) else limit.otherwise


def _optional(inner: Check) -> Check:
    return lambda value: None if value is None else inner(value)


def _every(inner: Check) -> Check:
    def all_within(values: Any) -> str | None:
        reason = next(filter(None, map(inner, values)), None)
        return reason and f"holds one that {reason}"

    return all_within


def _at(place: int, inner: Check) -> Check:
    return _of(itemgetter(place), inner)


def _of(part: Callable[[Any], Any], inner: Check, name: str = "") -> Check:
    """The check of a part of the value, with the part's name before the reason when it has one."""

    def within(value: Any) -> str | None:
        reason = inner(part(value))
        return f"{name} {reason}" if reason and name else reason

    return within
