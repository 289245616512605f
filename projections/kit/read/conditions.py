"""Conditions on the rows of a Postgres view, as SQL; each value travels as a parameter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.kit.text import key
from projections.kit.declare.postgres import Index, PostgresView, key_of
from projections.kit.read.search_query import Query, looked_for
from projections.kit.store.derived_columns import WEIGHTS
from projections.kit.store.table_names import TableName
from projections.kit.store.text_analysis import Sought


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause: SQL with one ``{}`` for its value, which travels as a parameter.

    ``{schema}`` in it stands for the schema of the generation that is read. ``plain`` says the same where
    it is needed without the table's indexes, for rows that stand in no table.
    """

    sql: str
    # The type is the column's.
    value: Any
    plain: str | None = None
    words: str | None = None
    """What a person typed, of a condition that looks for words."""
    texts: tuple[str, ...] = ()
    """Of such a condition the texts that can be looked in."""

    def meant(self, language: str, texts: Collection[str] | None = None) -> "Condition":
        """The condition on words as a speaker of a language means it, in these texts alone where any are named."""
        if self.words is None:
            return self
        weights = "" if texts is None else weights_of(self.texts, texts)
        return replace(self, value=tsquery(looked_for(Query(text=self.words, language=language)), weights))


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


def matches(view: type[PostgresView[Any]], text: str | None) -> list[Condition]:
    """The view's texts, by its index that finds by ``@@ tsquery``, hold all the words that a person typed.

    Raises BadQuery for a text that is too long.
    """
    if text is None or not text.strip():
        return []
    value = tsquery(looked_for(Query(text=text)))
    found = _indexed(view, "@@ tsquery", TSQUERY, value)
    return [replace(found, words=text, texts=view.words)]


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
    return Condition(found_by(view, finds, sql, column), value, plain=f"{expression} {operator} {sql}")


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
    parts: list[str] = []
    for condition in where:
        arguments.append(condition.value)
        if table is None:
            parts.append((condition.plain or condition.sql).format(f"${len(arguments)}"))
        else:
            parts.append(condition.sql.format(f"${len(arguments)}", schema=table.schema))
    return parts
