"""Conditions on the rows of a Postgres view, as SQL; each value travels as a parameter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from domain.kit.text import key
from projections.kit.declare.filters import All, Compare, Comparison, Filter, Not, with_each
from projections.kit.declare.postgres import Index, PostgresView, key_of
from projections.kit.read.search_query import Query, looked_for
from projections.kit.store.derived_columns import WEIGHTS
from projections.kit.store.table_names import TableName
from projections.kit.store.text_analysis import Sought
from projections.kit.store.text_analysis import found_by as found_words


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause: SQL with one ``{}`` for its value, which travels as a parameter, or with one for
    each of its parts.

    ``{schema}`` in it stands for the schema of the generation that is read. ``plain`` says the same where
    it is needed without the table's indexes, for rows that stand in no table.
    """

    sql: str
    # The type is the column's.
    value: Any = None
    plain: str | None = None
    parts: tuple["Condition", ...] | None = None
    """What it is made of, in place of a value."""
    found: bool = False
    """Whether an index finds all rows that meet it, before anything else is known of them."""


def one_of(column: str, values: Collection[Any] | None) -> list[Condition]:
    """The column holds one of these; no values given means no condition."""
    return [] if values is None else [Condition(f"{column} = any({{}})", list(values))]


def equals(column: str, value: object | None) -> list[Condition]:
    """The column holds this value, when one is given."""
    return [] if value is None else [Condition(f"{column} = {{}}", value)]


def since(column: str, value: object | None) -> list[Condition]:
    """The column is at or after this, when it is given."""
    return [] if value is None else [Condition(f"{column} >= {{}}", value)]


def until(column: str, value: object | None) -> list[Condition]:
    """The column is before this, when it is given."""
    return [] if value is None else [Condition(f"{column} < {{}}", value)]


def contains(view: type[PostgresView[Any]], column: str, values: Collection[str] | None) -> list[Condition]:
    """The array column, which is keyed and has an index that finds by ``@> text[]``, holds all of these,
    whatever their case."""
    if not values:
        return []
    keys = list(dict.fromkeys(map(key, values)))
    return [_indexed(view, "@> text[]", "{}::text[]", keys, key_of(column))]


# Whoever else watches by words asks of the same row in a moment.
@lru_cache(maxsize=64)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(found_words(text))


@dataclass(frozen=True, slots=True)
class Words:
    """Words that a person typed, as they are looked for in some texts of a view."""

    text: str
    view: type[PostgresView[Any]]
    texts: tuple[str, ...]
    sought: Sought

    def found_in(self, row: Any) -> bool:
        """Whether the texts of a row have them all. Rows differ in type, hence Any."""
        there = frozenset[str]().union(*(_words_of(getattr(row, name) or "") for name in self.texts))
        needs = self.sought.needs
        return bool(needs) and all(any(there.issuperset(form) for form in need) for need in needs)


def words(view: type[PostgresView[Any]], text: str) -> Words:
    """What a text means in all texts of a view, before it is known in which language. Raises BadQuery for one that
    is too long."""
    return Words(text, view, view.words, looked_for(Query(text=text)))


def understood(filter: Filter, language: str, texts: Collection[str] | None = None) -> Filter:
    """The filter with words as a speaker of a language means them, in these texts alone where any are named."""

    def meant(test: Compare) -> Compare:
        if test.how is not Comparison.WORDS:
            return test
        wanted: Words = test.value
        among = tuple(name for name in wanted.view.words if texts is None or name in texts)
        sought = looked_for(Query(text=wanted.text, language=language))
        return replace(test, value=replace(wanted, texts=among, sought=sought))

    return with_each(filter, meant)


_FOLDED = "normalize(casefold(normalize({}, nfkc) collate pg_unicode_fast), nfkc)"
"""SQL of `domain.kit.text.folded`."""
_COMPARED = {
    Comparison.EQ: "=",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
}


def filtered(view: type[PostgresView[Any]] | None, filter: Filter, *, among: bool = False) -> Condition:
    """A filter as SQL: the same rows meet it as `projections.kit.declare.filters.meets` says. Without a view it is
    of rows in which nothing is found by GIN indexes. ``among``: it stands below an alternative."""
    if isinstance(filter, Compare):
        return _tested(view, filter, among=among)
    if isinstance(filter, Not):
        # Unknown is no answer of a filter.
        return Condition("(({}) is not true)", parts=(filtered(view, filter.part, among=True),))
    together = isinstance(filter, All)
    among = among or not together
    if not filter.parts:
        return Condition("true" if together else "false", parts=())
    text = (" and " if together else " or ").join(["{}"] * len(filter.parts))
    parts = tuple(filtered(view, part, among=among) for part in filter.parts)
    return Condition(f"({text})", parts=parts, found=together and any(part.found for part in parts))


def _tested(view: type[PostgresView[Any]] | None, test: Compare, *, among: bool) -> Condition:
    column = (test.column.among if among else "") or test.column.sql or test.column.name
    match test.how:
        case Comparison.NULL:
            return Condition(f"{column} is null", parts=())
        case Comparison.IN:
            return Condition(f"{column} = any({{}})", list(test.value))
        case Comparison.PART:
            # The part is folded once, by a query of its own, rather than for each row.
            part = f"(select {_FOLDED.format('{}::text')})"
            return Condition(f"strpos({_FOLDED.format(column)}, {part}) > 0", test.value)
        case Comparison.HOLDS:
            if view is None:
                return Condition(f"{column} @> {{}}", list(test.value))
            found = contains(view, test.column.name, test.value)
            return found[0] if found else Condition("true", parts=())
        case Comparison.ENTRY:
            return Condition(column, parts=tuple(Condition("{}", each) for each in test.value))
        case Comparison.WORDS:
            wanted: Words = test.value
            weights = "" if wanted.texts == wanted.view.words else weights_of(wanted.view.words, wanted.texts)
            return _indexed(wanted.view, "@@ tsquery", TSQUERY, tsquery(wanted.sought, weights))
        case how:
            return Condition(f"{column} {_COMPARED[how]} {{}}", test.value)


TSQUERY = "({}::text)::tsquery"
"""SQL that takes what `tsquery` gives."""


def tsquery(sought: Sought, weights: str = "") -> str:
    """What is looked for as Postgres reads it; empty, which finds nothing, when there are no words in it."""
    suffix = f":{weights}" if weights else ""

    def form(words: tuple[str, ...]) -> str:
        quoted = (f"'{word}'{suffix}" for word in words)
        return f"({' & '.join(quoted)})"

    return " & ".join(f"({' | '.join(map(form, need))})" for need in sought.needs)


def weights_of(names: Sequence[str], chosen: Collection[str]) -> str:
    """The weights of some of a view's texts; see `projections.kit.store.derived_columns`."""
    return "".join(weight for name, weight in zip(names, WEIGHTS, strict=False) if name in chosen)


# The value's type is that of what the index finds by.
def _indexed(
    view: type[PostgresView[Any]], finds: str, sql: str, value: Any, column: str | None = None
) -> Condition:
    operator, _, _ = finds.partition(" ")
    (expression,) = _finding(view, finds, column).columns
    plain = f"{expression} {operator} {sql}"
    return Condition(found_by(view, finds, sql, column), value, plain, found=True)


def found_by(view: type[PostgresView[Any]], finds: str, value: str, column: str | None = None) -> str:
    """SQL for a `Condition`: the row is among those that an index of the view finds by this SQL value."""
    (own,) = view.key
    return f"{own} in (select {{schema}}.{_finding(view, finds, column).name}({value}))"


def _finding(view: type[PostgresView[Any]], finds: str, column: str | None) -> Index:
    (index,) = (index for index in view.indexes if index.finds == finds and column in (None, *index.columns))
    return index


def bound(where: Sequence[Condition], arguments: list[Any], table: TableName | None = None) -> list[str]:
    """The conditions as SQL on this table, or on rows that stand in none, their values added to the
    statement's arguments."""
    return [_bound(condition, arguments, table) for condition in where]


def _bound(condition: Condition, arguments: list[Any], table: TableName | None) -> str:
    if condition.parts is not None:
        return condition.sql.format(*bound(condition.parts, arguments, table))
    arguments.append(condition.value)
    if table is None:
        return (condition.plain or condition.sql).format(f"${len(arguments)}")
    return condition.sql.format(f"${len(arguments)}", schema=table.schema)
