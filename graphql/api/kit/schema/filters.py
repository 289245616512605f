"""Filters of lists: GraphQL inputs that follow from the columns of a row and compare them by operators.

    filter: {status: {in: [TODO, IN_REVIEW]}, or: [{assignedTo: {isNull: true}}, {assignedTo: {eq: $me}}]}

A list, its totals, its past and its subscription mean the same by a filter: it becomes a tree (see
`projections.kit.declare.filters`), which is SQL for what is read and a function of the row for what has changed.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, get_type_hints
from uuid import UUID

import strawberry

from api.kit.execution.errors import ClientError, bad_argument
from api.kit.schema.commands import camel
from api.kit.schema.node_types import columns_of, deprecation, described_as, plain
from api.kit.schema.operators import NAMES, Operators, longest, operators_of
from domain.kit.fields import Confidential, Opened, Personal, Restricted, is_marked
from projections.kit.declare.filters import (
    All,
    Compare,
    ComparedColumn,
    Comparison,
    Filter,
    Not,
    Some,
    comparisons,
)
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.conditions import words
from projections.kit.read.search_query import BadQuery

AnyView: TypeAlias = type[PostgresView[Any]]

DEEPEST = 5
"""Levels of `and`, `or` and `not` inside each other."""
MOST_COMPARISONS = 50
"""Operators in one filter."""
LONGEST_PART = 200
"""Characters of each text that `contains` looks for."""

_JOINED = {"and_": "and", "or_": "or", "not_": "not"}
_TEXT = "text"


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field of a filter for what rows do not hold, but what is shown of them is worked out from.

    ``sql`` and ``of`` say the same of a row, in SQL and in Python; ``read`` spells what it is compared with
    as rows do."""

    shown: Any
    sql: str
    of: Callable[[Any], Any]
    text: str
    read: Callable[[Any], Any] | None = None
    beside: AnyView | None = None
    """Another view, whose rows the SQL reads as well."""
    among: str = ""
    """See `ComparedColumn.among`."""


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of a filter: what it compares, the type of its values and what it is. Types are of any type."""

    column: ComparedColumn
    shown: Any
    text: str
    deprecated: str | None = None


class RowFilter:
    """Base of the inputs that `filter_input` makes."""

    searched: ClassVar[AnyView | None]
    """The view whose words it looks for."""
    columns: ClassVar[Mapping[str, ComparedColumn]]
    """By field."""
    defaults: ClassVar[Mapping[str, Collection[Any]]]
    """What a column is one of, where a filter says nothing of it."""

    @classmethod
    def tree(cls, given: "RowFilter | None", argument: str = "filter") -> Filter:
        """What was given, and what is meant where nothing was. Raises a client's error for what is null, or more
        than there may be; it names the place in the argument."""
        found = All() if given is None else _Reader(cls).read(given, argument, 0)
        mentioned = {test.column.name for test in comparisons(found)}
        left = {name: values for name, values in cls.defaults.items() if name not in mentioned}
        extra = [Compare(cls.columns[name], Comparison.IN, tuple(values)) for name, values in left.items()]
        return All((found, *extra)) if extra else found


@dataclass
class _Reader:
    """Reads one filter, and counts what is in it."""

    kind: type[RowFilter]
    tests: int = field(default=0)

    def read(self, given: Any, at: str, depth: int) -> Filter:
        parts: list[Filter] = []
        for name in self.kind.__annotations__:
            value = getattr(given, name)
            if value is strawberry.UNSET:
                continue
            here = f"{at}.{_JOINED.get(name) or camel(name)}"
            if value is None:
                raise bad_argument(f"{here} is null: leave it out, or ask for what is null by isNull.", here)
            if name in _JOINED:
                parts.append(self._joined(name, value, here, depth + 1))
            elif name == _TEXT and _TEXT not in self.kind.columns:
                parts.append(self._words(value, here))
            else:
                parts.append(self._compared(name, value, here))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _joined(self, name: str, value: Any, at: str, depth: int) -> Filter:
        if depth > DEEPEST:
            raise _too_much(f"{at} is nested too deeply: at most {DEEPEST} levels.", at, DEEPEST)
        if name == "not_":
            self._count(at)
            return Not(self.read(value, at, depth))
        parts = []
        for number, each in enumerate(value):
            self._count(f"{at}[{number}]")
            parts.append(self.read(each, f"{at}[{number}]", depth))
        return All(tuple(parts)) if name == "and_" else Some(tuple(parts))

    def _compared(self, name: str, value: Operators, at: str) -> Filter:
        column, parts = self.kind.columns[name], list[Filter]()
        for operator, compared in value.given():
            here = f"{at}.{NAMES[operator]}"
            self._count(here, value.tests(compared))
            if compared is None:
                raise bad_argument(f"{here} is null: leave it out, or ask for what is null by isNull.", here)
            if isinstance(compared, list) and len(compared) > value.most:
                raise _too_much(f"{here} has too many values: at most {value.most}.", here, value.most)
            if operator == "contains" and longest(compared) > LONGEST_PART:
                raise _too_much(f"{here} is too long: at most {LONGEST_PART} characters.", here, LONGEST_PART)
            parts.append(value.test(column, operator, _spelled(column, operator, compared)))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _words(self, text: str, at: str) -> Filter:
        self._count(at)
        if not text.strip():
            return All()
        try:
            assert self.kind.searched is not None
            return Compare(ComparedColumn(_TEXT), Comparison.WORDS, words(self.kind.searched, text))
        except BadQuery as error:
            raise bad_argument(str(error), at) from None

    def _count(self, at: str, tests: int = 1) -> None:
        self.tests += tests
        if self.tests > MOST_COMPARISONS:
            raise _too_much(
                f"The filter has too many conditions: at most {MOST_COMPARISONS}.", at, MOST_COMPARISONS
            )


def _spelled(column: ComparedColumn, operator: str, value: Any) -> Any:
    """A value, or several, as rows spell it; parts of texts stay as they are."""
    if column.read is None or operator in ("contains", "is_null"):
        return value
    return [*map(column.read, value)] if isinstance(value, list) else column.read(value)


def _too_much(message: str, at: str, limit: int) -> ClientError:
    return ClientError(message, code="LIMIT_EXCEEDED", argument=at, limit=limit)


def row_filter(
    shown: type,
    view: AnyView,
    *,
    name: str,
    description: str,
    only: Collection[str] | None = None,
    also: Collection[str] = (),
    but: Collection[str] = (),
    defaults: Mapping[str, Collection[Any]] = MappingProxyType({}),
    computed: Mapping[str, ComputedField] = MappingProxyType({}),
    words: bool = True,
) -> type[RowFilter]:
    """The GraphQL input that compares the columns of a view's rows that a type shows to everybody who reads it.

    Of a view that is `vast`, only those are compared by which one of its indexes begins. ``only`` names all that
    are compared, ``also`` columns that are not shown, ``but`` such as are to be left out. Raises TypeError for a
    column that the row lacks, that no operator compares, or that is not for everybody's eyes: who asks for a value
    and sees what is found has read it.
    """
    hints = get_type_hints(view.row, include_extras=True)
    offered: dict[str, Any] = {
        column: kind for column, kind in columns_of(shown).items() if only is None or column in only
    }
    named = {*(only or ()), *also, *but, *defaults} - computed.keys()
    if unknown := named - hints.keys():
        raise TypeError(f"{name}: {view.row.__name__} has no column {min(unknown)!r}.")
    explicit = {*(only or ()), *also}
    offered |= {column: plain(hints[column]) for column in explicit - offered.keys()}
    fields: dict[str, FilterField] = {}
    for column in hints:
        if column not in offered or column in but or column in computed:
            continue
        hint, derived = hints[column], column not in explicit
        if hidden(hint):
            if derived:
                continue
            raise TypeError(f"{name}: {view.row.__name__}.{column} is sealed or not for everybody to read.")
        if derived and view.vast and column not in _led(view):
            continue
        if operators_of(offered[column], keyed=_is_keyed(view, column)) is None:
            if derived:
                continue
            raise TypeError(f"{name}: no operator compares {view.row.__name__}.{column}.")
        text = described_as(view.row, column, hint)
        if column in defaults:
            text += " Where a filter says nothing of it, some values are left out, as the list says."
        fields[column] = FilterField(ComparedColumn(column), offered[column], text, deprecation(hint))
    fields |= {
        field: FilterField(
            ComparedColumn(field, what.sql, what.of, what.read, what.beside, what.among),
            what.shown,
            what.text,
        )
        for field, what in computed.items()
    }
    searched = words and any(index.finds == "@@ tsquery" for index in view.indexes)
    return filter_input(name, description, fields, defaults=defaults, searched=view if searched else None)


def filter_input(
    name: str,
    description: str,
    fields: Mapping[str, FilterField],
    *,
    defaults: Mapping[str, Collection[Any]] = MappingProxyType({}),
    searched: AnyView | None = None,
) -> type[RowFilter]:
    """The GraphQL input with these fields, with `and`, `or` and `not`, and with the words of a view that is
    ``searched``."""
    kinds: dict[str, Any] = {field: operators_of(each.shown, keyed=True) for field, each in fields.items()}
    body: dict[str, Any] = {
        field: strawberry.field(
            default=strawberry.UNSET, description=each.text, deprecation_reason=each.deprecated
        )
        for field, each in fields.items()
    }
    if searched is not None:
        text = (
            f"Words that must all be found in {' or '.join(searched.words)}; an empty text finds everything."
        )
        body[_TEXT] = strawberry.field(default=strawberry.UNSET, description=text)
        kinds[_TEXT] = str
    for attribute, joined in _JOINED.items():
        body[attribute] = strawberry.field(
            name=joined, default=strawberry.UNSET, description=_JOINED_TEXTS[joined]
        )
    columns = {field: each.column for field, each in fields.items()}
    body |= {"__module__": __name__, "searched": searched, "columns": columns, "defaults": defaults}
    declared = type(name, (RowFilter,), body)
    many = list[declared]  # type: ignore[valid-type]
    kinds |= {"and_": many, "or_": many, "not_": declared}
    declared.__annotations__ = {each: kind | None for each, kind in kinds.items()}
    declared_input: type[RowFilter] = strawberry.input(declared, name=name, description=description)
    return declared_input


_JOINED_TEXTS = {
    "and": "All of these must be met; an empty list is met by everything.",
    "or": "One of these at least must be met, besides what else is given; an empty list is met by nothing.",
    "not": "This must not be met. What is compared is not met by null, so null is found.",
}


def owned(filter: Filter, column: str, user_id: UUID | None) -> Filter:
    """What meets a filter and is this user's, by the column that says whose it is."""
    return All((filter, Compare(ComparedColumn(column), Comparison.EQ, user_id)))


def hidden(hint: Any) -> bool:
    """Whether a column is sealed, or not for everybody who reads the row. Hints have no static type."""
    return is_marked(hint, Restricted, Confidential, Personal, Opened)


def _is_keyed(view: AnyView, column: str) -> bool:
    return column in view.keyed and any(index.finds == "@> text[]" for index in view.indexes)


def _led(view: AnyView) -> set[str]:
    return {index.columns[0].split()[0] for index in view.indexes if index.using == "btree"}
