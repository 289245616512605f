"""Conditions on the rows of a Postgres view, as SQL; each value travels as a parameter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from projections.kit.postgres import Index, PostgresView
from projections.kit.search_query import LONGEST_TEXT, BadQuery
from projections.kit.tables import TableName


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
    """The array column, which has an index that finds by ``@> text[]``, holds all of these."""
    return [] if not values else [_indexed(view, "@> text[]", "{}::text[]", list(values), column)]


def matches(view: type[PostgresView[Any]], text: str | None) -> list[Condition]:
    """The view's full-text document, by its index that finds by ``@@ tsquery``, matches what a person typed.

    Raises BadQuery for a text that is too long.
    """
    if text is None or not text.strip():
        return []
    if len(text) > LONGEST_TEXT:
        raise BadQuery(f"The text is longer than {LONGEST_TEXT} characters.")
    return [replace(_indexed(view, "@@ tsquery", "websearch_to_tsquery('english', {})", text), words=text)]


def vector(texts: Sequence[str]) -> str:
    """SQL for the words of some text columns."""
    document = " || ' ' || ".join(f"coalesce({name}, '')" for name in texts)
    return f"to_tsvector('english', {document})"


# The value's type is that of what the index finds by.
def _indexed(
    view: type[PostgresView[Any]], finds: str, sql: str, value: Any, column: str | None = None
) -> Condition:
    operator, _, _ = finds.partition(" ")
    (expression,) = _finding(view, finds, column).columns
    return Condition(found_by(view, finds, sql, column), value, plain=f"{expression} {operator} {sql}")


def found_by(view: type[PostgresView[Any]], finds: str, value: str, column: str | None = None) -> str:
    """SQL for a `Condition`: the row is among those that an index of the view finds by this SQL value."""
    (key,) = view.key
    return f"{key} in (select {{schema}}.{_finding(view, finds, column).name}({value}))"


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
