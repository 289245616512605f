"""Filters: what rows are to meet, as a tree. What it means for a row is said here; the readers say it in SQL.

Each comparison has two answers: one with nothing (None, null) is not met. `Not` is met by all that does not meet
its part, and so, where that is a comparison, by nothing as well.
"""

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, get_args
from uuid import UUID

from domain.kit.events import Event
from domain.kit.text import folded, key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import Fold


class Comparison(Enum):
    """How a column meets a value."""

    EQ = "eq"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    PART = "part"
    """A text has this in it, whatever the case."""
    HOLDS = "holds"
    """A list of texts holds all of these, whatever their case."""
    ENTRY = "entry"
    """A map has this text under this key; the value is both."""
    NULL = "null"
    WORDS = "words"
    """The texts of the view have these words; the value is `SoughtWords`."""


class SoughtWords(Protocol):
    """Words that are looked for in several texts of a row."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns in which they may be found."""
        ...

    def found_in(self, row: Any) -> bool:
        """Whether a row has them. Rows differ in type."""
        ...


@dataclass(frozen=True, slots=True)
class ComparedColumn:
    """What is compared: a column of the row, or what is worked out from some of them, in SQL and here alike."""

    name: str
    sql: str = ""
    """Its own name, unless it is worked out."""
    # Rows and values are of any type.
    of: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    """How a value that it is compared with is spelled in rows; None: as it is given."""
    beside: type[PostgresView[Any]] | None = None
    """Another view, whose rows the SQL reads as well."""
    among: str = ""
    """SQL for below `Some` and `Not`, where rows may meet the filter otherwise; empty: the same."""

    @property
    def stored(self) -> bool:
        """Whether the row holds it."""
        return self.of is None

    def value(self, row: Any) -> Any:
        """What a row has there."""
        return plain_value(getattr(row, self.name) if self.of is None else self.of(row))


@dataclass(frozen=True, slots=True)
class Compare:
    """A column is compared with a value, whose type is the column's."""

    column: ComparedColumn
    how: Comparison
    value: Any = None
    sought: Any = field(init=False, repr=False, compare=False)
    """The value as texts are compared with it: worked out once, for many rows may be."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sought", _SOUGHT.get(self.how, _as_given)(self.value))

    def held(self, value: Any) -> bool:
        """Whether a value of the column meets it."""
        if self.how is Comparison.NULL:
            return value is None
        return value is not None and _COMPARED[self.how](value, self.sought)


@dataclass(frozen=True, slots=True)
class All:
    """All of these are met; of none, every row does."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """One of these at least is met; of none, no row does."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part is not met."""

    part: "Filter"


Filter: TypeAlias = Compare | All | Some | Not

EVERYTHING = All()


# Whoever else watches compares the same row in a moment.
@lru_cache(maxsize=256)
def _folded(text: str) -> str:
    return folded(text)


@lru_cache(maxsize=256)
def _keys(values: tuple[Any, ...]) -> frozenset[Any]:
    return frozenset(key(value) if isinstance(value, str) else value for value in values)


def _as_given(value: Any) -> Any:
    return value


_SOUGHT: Mapping[Comparison, Callable[[Any], Any]] = MappingProxyType(
    {Comparison.PART: folded, Comparison.HOLDS: lambda values: _keys(tuple(values))}
)

_COMPARED: Mapping[Comparison, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        Comparison.EQ: operator.eq,
        Comparison.IN: lambda value, values: value in values,
        Comparison.LT: operator.lt,
        Comparison.LTE: operator.le,
        Comparison.GT: operator.gt,
        Comparison.GTE: operator.ge,
        Comparison.PART: lambda value, part: part in _folded(value),
        Comparison.HOLDS: lambda values, sought: sought <= _keys(tuple(values)),
        Comparison.ENTRY: lambda entries, sought: entries.get(sought[0]) == sought[1],
    }
)


def plain_value(value: Any) -> Any:
    """A value as it is stored and compared: enums are the texts that they stand for."""
    return value.value if isinstance(value, Enum) else value


def comparisons(filter: Filter) -> Iterator[Compare]:
    """Every comparison in the tree."""
    if isinstance(filter, Compare):
        yield filter
    elif isinstance(filter, Not):
        yield from comparisons(filter.part)
    else:
        for part in filter.parts:
            yield from comparisons(part)


def beside(filter: Filter) -> frozenset[type[PostgresView[Any]]]:
    """The other views that the tree reads."""
    found = (test.column.beside for test in comparisons(filter))
    return frozenset(view for view in found if view is not None)


def with_each(filter: Filter, change: Callable[[Compare], Compare]) -> Filter:
    """The tree with each comparison changed."""
    if isinstance(filter, Compare):
        return change(filter)
    if isinstance(filter, Not):
        return Not(with_each(filter.part, change))
    return type(filter)(tuple(with_each(part, change) for part in filter.parts))


def said(filter: Filter) -> list[object]:
    """The tree as plain values: equal ones are said alike, others are not."""
    if isinstance(filter, Compare):
        return [filter.column.name, filter.how.value, filter.value]
    if isinstance(filter, Not):
        return ["not", said(filter.part)]
    return ["all" if isinstance(filter, All) else "some", *map(said, filter.parts)]


def apart(filter: Filter, columns: Collection[str]) -> tuple[dict[str, Filter], Filter]:
    """What a filter says of each of these columns alone, and what else it says; both are to be met."""
    parts = filter.parts if isinstance(filter, All) else (filter,)
    alone: dict[str, list[Filter]] = {}
    others: list[Filter] = []
    for part in parts:
        named = {test.column.name for test in comparisons(part)}
        (alone.setdefault(named.pop(), []) if len(named) == 1 and named <= {*columns} else others).append(
            part
        )
    return {name: All(tuple(found)) for name, found in alone.items()}, All(tuple(others))


def meets(filter: Filter, row: Any) -> bool:
    """Whether a row meets the filter. Rows differ in type, hence Any."""
    if isinstance(filter, Compare):
        if filter.how is Comparison.WORDS:
            return bool(filter.value.found_in(row))
        return filter.held(filter.column.value(row))
    if isinstance(filter, Not):
        return not meets(filter.part, row)
    within = all if isinstance(filter, All) else any
    return within(meets(part, row) for part in filter.parts)


Answers: TypeAlias = tuple[bool, bool]
"""Whether something may have been met, and whether it may not have been, at some time around an event."""

_UNSAID = object()


def may_have_met(filter: Filter, row: Any | None, event: Event, fold: Fold, hints: Mapping[str, Any]) -> bool:
    """Whether a row may have met the filter before or after an event, or does now; ``hints`` are the types of the
    row's columns.

    An event that changes a column should say what it held; of one that does not, every row may have met it.
    """
    return _answers(filter, row, event, fold, hints)[0]


def _answers(filter: Filter, row: Any | None, event: Event, fold: Fold, hints: Mapping[str, Any]) -> Answers:
    if isinstance(filter, Compare):
        return _of_test(filter, row, event, fold, hints)
    if isinstance(filter, Not):
        met, unmet = _answers(filter.part, row, event, fold, hints)
        return unmet, met
    parts = [_answers(part, row, event, fold, hints) for part in filter.parts]
    if isinstance(filter, All):
        return all(met for met, _ in parts), any(unmet for _, unmet in parts)
    return any(met for met, _ in parts), all(unmet for _, unmet in parts)


def _of_test(test: Compare, row: Any | None, event: Event, fold: Fold, hints: Mapping[str, Any]) -> Answers:
    if test.how is Comparison.WORDS or not test.column.stored:
        columns = test.value.texts if test.how is Comparison.WORDS else ()
        changed = not columns or fold.changes is None or not fold.changes.isdisjoint(columns)
        if row is None or (changed and not fold.first):
            return True, True
        now = meets(test, row)
        return now, not now
    column, previous = test.column.name, getattr(event, "previous", _UNSAID)
    says = hasattr(event, column)
    known = [getattr(of, column) for of in (row, event) if hasattr(of, column)]
    # An event that takes an id away says which, and nothing else of the column; a status is no id.
    if (says or isinstance(previous, UUID)) and _fits(previous, hints[column]):
        known.append(previous)
    held = [test.held(plain_value(value)) for value in known]
    met, unmet = any(held), not all(held)
    if fold.first or (says and (previous is not _UNSAID or row is None)):
        return met, unmet or not known
    if row is None or fold.changes is None or column in fold.changes:
        return True, True
    return met, unmet


def _fits(value: Any, hint: Any) -> bool:
    kinds = get_args(hint) or (hint,)
    return any(isinstance(value, kind) for kind in kinds if isinstance(kind, type))
