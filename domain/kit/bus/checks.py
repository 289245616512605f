"""Checks of a command's fields against their annotated limits, and of their rules, before anything is loaded."""

import dataclasses
import math
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from domain.kit.bus.field_rules import refused_by_rules
from domain.kit.fields import KEPT, Interval, Len, Pattern, Requires, field_names
from domain.kit.refusals import Invalid, Refusal, Violation, ViolationCode, first_of_each
from domain.kit.sealed import resembles_sealed
from domain.kit.text import visible_length

# Postgres stores no NUL and UTF-8 has no lone surrogates; the other control characters only hide things.
# Tab, line feed and carriage return are text. The two overrides of direction show a text as another one.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\udfff]")

_DEEPEST = 100
"""How many objects and lists may stand inside one another in any field; a rule may allow fewer."""

# A field's value may be of any type, so a check takes Any.
Check = Callable[[Any], Iterable[Violation]]

_FINE: tuple[Violation, ...] = ()


def check(instance: object, now: datetime | None = None) -> None:
    """Raise a refusal for every field that has a value outside its limits, and of a command for every rule of its
    fields: Invalid, or where it is one rule alone, what that raises.

    Without a moment, rules about the time are left to whoever carries the command out.
    """
    if (refusal := refusal_of(type(instance), vars(instance), now)) is not None:
        raise refusal


def refusal_of(
    cls: Any, values: Mapping[str, Any], now: datetime | None, missing: Sequence[Violation] = ()
) -> Refusal | None:
    """What these values of a class's fields are refused with, where others of them are ``missing``."""
    found = [*missing, *violations(cls, values)]
    refused = [] if not getattr(cls, "rules", ()) else refused_by_rules(cls, values, now, found)
    if not found:
        return Invalid.together(refused) if refused else None
    if not missing and not refused:
        return Invalid.of(found)
    order = {name: place for place, name in enumerate(field_names(cls))}
    found += [wrong for refusal in refused for wrong in refusal.violations]
    return Invalid.of(first_of_each(sorted(found, key=lambda wrong: order[str(wrong.path[0])])))


def violations(cls: Any, values: Mapping[str, Any]) -> list[Violation]:
    """What is wrong with these values of a class's fields: of each value the first, in the fields' order."""
    checks: tuple[tuple[str, tuple[Check, ...]], ...] = checks_of(cls)
    return first_of_each(_violations(dict(checks), values))


def _violations(checks: Mapping[str, tuple[Check, ...]], values: Mapping[str, Any]) -> Iterator[Violation]:
    for name, value in values.items():
        if _deeper_than(value, _DEEPEST):
            # What follows recurses.
            yield Violation(ViolationCode.TOO_DEEP, "is nested too deeply", (name,), maximum=_DEEPEST)
        elif _sealed_within(value):
            # It would be taken for what the log had sealed: opened, or matched by its fingerprint.
            yield Violation(ViolationCode.FORMAT, "looks like a sealed text", (name,))
        else:
            for find in checks.get(name, ()):
                for violation in find(value):
                    yield violation.below(name)


@cache
def checks_of(cls: type[Any]) -> tuple[tuple[str, tuple[Check, ...]], ...]:
    """The checks of each annotated field of a class, worked out once."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple((name, found) for name, hint in hints.items() if (found := tuple(_checks(hint))))


def _checks(hint: Any) -> Iterator[Check]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _checks(args[0])
        # What may be left out has no length.
        may_lack = get_origin(args[0]) in (Union, types.UnionType)
        for each in filter(None, map(_limit, args[1:])):
            yield _optional(each) if may_lack else each
    elif origin in (Union, types.UnionType):
        for inner in args:
            for each in _checks(inner):
                yield _optional(each)
    elif origin is tuple and args[-1] is not Ellipsis:
        for place, inner in enumerate(args):
            yield from (_of(itemgetter(place), each, place) for each in _checks(inner))
    elif origin in (tuple, list, frozenset, set):
        yield from map(_every, _checks(args[0]))
    elif origin is dict:
        yield _object
        yield from (_any_of(dict.keys, each) for each in _checks(args[0]))
        yield from (_any_of(dict.values, each) for each in _checks(args[1]))
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        for name, checks in checks_of(hint):
            yield from (_of(attrgetter(name), each, name) for each in checks)
    elif hint in _OF_TYPES:
        yield _OF_TYPES[hint]


# Marks are objects of any type.
def _limit(mark: Any) -> Check | None:
    """The check that a mark of a field stands for, if it does."""
    match mark:
        case Len():
            return _length(mark)
        case Interval():
            return _interval(mark)
        case Pattern():
            return _pattern(mark)
        case Requires():
            return _rule(mark)
        case _:
            return None


def _wrong(
    code: ViolationCode, reason: str, *, minimum: float | None = None, maximum: float | None = None
) -> tuple[Violation]:
    return (Violation(code, reason, minimum=minimum, maximum=maximum),)


def _printable(value: str) -> Iterable[Violation]:
    if _UNPRINTABLE.search(value):
        return _wrong(ViolationCode.FORMAT, "holds characters that are not text")
    return _FINE


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


def _zoned(value: datetime) -> Iterable[Violation]:
    if value.tzinfo is None:
        return _wrong(ViolationCode.FORMAT, "must have a time zone")
    if 1900 <= value.year <= 9000:
        return _FINE
    return _wrong(ViolationCode.OUT_OF_RANGE, "is outside the years 1900 to 9000")


def _object(value: Any) -> Iterable[Violation]:
    # The API takes JSON of any shape here.
    return _FINE if isinstance(value, dict) else _wrong(ViolationCode.FORMAT, "must be a JSON object")


def _storable(value: int) -> Iterable[Violation]:
    if -(2**63) <= value < 2**63:
        return _FINE
    return _wrong(ViolationCode.OUT_OF_RANGE, "has too many digits")


def _finite(value: float) -> Iterable[Violation]:
    return _FINE if math.isfinite(value) else _wrong(ViolationCode.FORMAT, "is not a number")


_OF_TYPES: dict[Any, Check] = {str: _printable, datetime: _zoned, int: _storable, float: _finite}


def _length(limit: Len) -> Check:
    least, most = limit.min_length, limit.max_length

    def within(value: Any) -> Iterable[Violation]:
        text = isinstance(value, str)
        size, of = (visible_length(value), "characters") if text else (len(value), "entries")
        if size < least:
            code = ViolationCode.TOO_SHORT if text else ViolationCode.TOO_FEW
            reason = "must not be empty" if least == 1 else f"has fewer than {least} {of}"
            return _wrong(code, reason, minimum=least, maximum=most)
        if most is not None and len(value) > most:
            code = ViolationCode.TOO_LONG if text else ViolationCode.TOO_MANY
            return _wrong(code, f"has more than {most} {of}", minimum=least, maximum=most)
        return _FINE

    return within


def _interval(limit: Interval) -> Check:
    # Marks take bounds of any comparable type; those of fields are numbers.
    bounds: Any = limit
    least = bounds.gt if bounds.ge is None else bounds.ge
    most = bounds.lt if bounds.le is None else bounds.le

    def within(value: Any) -> Iterable[Violation]:
        code = ViolationCode.TOO_SMALL
        if bounds.ge is not None and value < bounds.ge:
            return _wrong(code, f"must be at least {least}", minimum=least, maximum=most)
        if bounds.gt is not None and value <= bounds.gt:
            return _wrong(code, f"must be more than {least}", minimum=least, maximum=most)
        code = ViolationCode.TOO_LARGE
        if bounds.le is not None and value > bounds.le:
            return _wrong(code, f"must be at most {most}", minimum=least, maximum=most)
        if bounds.lt is not None and value >= bounds.lt:
            return _wrong(code, f"must be less than {most}", minimum=least, maximum=most)
        return _FINE

    return within


def _pattern(limit: Pattern) -> Check:
    compiled, wrong = re.compile(limit.regex), _wrong(ViolationCode.FORMAT, limit.otherwise)
    return lambda value: _FINE if compiled.fullmatch(value) else wrong


def _rule(rule: Requires) -> Check:
    def find(value: Any) -> Iterable[Violation]:
        try:
            rule.require(value)
        except Invalid as wrong:
            return wrong.violations
        return _FINE

    return find


def _optional(inner: Check) -> Check:
    return lambda value: _FINE if value is None or value is KEPT else inner(value)


def _every(inner: Check) -> Check:
    def each(values: Any) -> Iterable[Violation]:
        for place, value in enumerate(values):
            for violation in inner(value):
                yield violation.below(place)

    return each


def _any_of(part: Callable[[Any], Iterable[Any]], inner: Check) -> Check:
    """The check of the keys or values of an object; where it is wrong is not said, for keys are anybody's."""

    def first(value: Any) -> Iterable[Violation]:
        if not isinstance(value, dict):
            return _FINE
        found = next((violation for entry in part(value) for violation in inner(entry)), None)
        if found is None:
            return _FINE
        return (dataclasses.replace(found, reason=f"has an entry that {found.reason}", path=()),)

    return first


def _of(part: Callable[[Any], Any], inner: Check, name: str | int) -> Check:
    """The check of a part of the value."""
    return lambda value: [violation.below(name) for violation in inner(part(value))]
