"""Checks of a command's fields against their annotated limits, before any rule runs."""

import re
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from domain.kit.fields import Interval, Len, Pattern
from domain.kit.refusals import Invalid

# Postgres stores no NUL and UTF-8 has no lone surrogates; the other control characters only hide things.
# Tab, line feed and carriage return are text.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

# A field's value may be of any type, so a check takes Any.
Check = Callable[[Any], str | None]


def check(instance: object) -> None:
    """Raises Invalid, naming the field, for the first value outside its limits."""
    cls: Any = type(instance)
    for name, checks in checks_of(cls):
        value = getattr(instance, name)
        for one in checks:
            if reason := one(value):
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
        for one in args:
            for each in _checks(one):
                yield _optional(each)
    elif origin in (tuple, list, frozenset, set):
        inner = tuple(_checks(args[0]))
        if inner:
            yield _every(inner)
    elif hint is str:
        yield _printable
    elif hint is datetime:
        yield _zoned


def _printable(value: str) -> str | None:
    return "holds characters that are not text" if _UNPRINTABLE.search(value) else None


def _zoned(value: datetime) -> str | None:
    if value.tzinfo is None:
        return "must say its time zone"
    return None if 1900 <= value.year <= 9000 else "is outside the years 1900 to 9000"


def _length(limit: Len) -> Check:
    def within(value: Any) -> str | None:
        size = len(value.strip()) if isinstance(value, str) else len(value)
        if size < limit.min_length:
            return "must not be empty" if limit.min_length == 1 else f"is shorter than {limit.min_length}"
        if limit.max_length is not None and len(value) > limit.max_length:
            return f"is longer than {limit.max_length}"
        return None

    return within


def _interval(limit: Interval) -> Check:
    def within(value: Any) -> str | None:
        if limit.ge is not None and value < limit.ge:
            return f"must be at least {limit.ge}"
        if limit.le is not None and value > limit.le:
            return f"must be at most {limit.le}"
        return None

    return within


def _pattern(limit: Pattern) -> Check:
    compiled = re.compile(limit.regex)
    return lambda value: None if compiled.fullmatch(value) else limit.otherwise


def _optional(inner: Check) -> Check:
    return lambda value: None if value is None else inner(value)


def _every(inner: tuple[Check, ...]) -> Check:
    def all_within(values: Any) -> str | None:
        return next((reason for value in values for one in inner if (reason := one(value))), None)

    return all_within
