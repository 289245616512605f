"""Reading Postgres views: rows by key, pages by keyset, counts; always inside one tenant."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from projections.kit.generations import Connection
from projections.kit.postgres import PostgresView
from projections.kit.search_query import LONGEST_TEXT, BadQuery
from projections.kit.tables import table_shape
from projections.kit.view import Key

Row = TypeVar("Row")


class Reader(Protocol):
    """Lends connections of the role that sees the rows of one tenant only."""

    def reading(self, tenant_id: UUID) -> AbstractAsyncContextManager[Connection]:
        """A connection on which the database shows this tenant's rows and no others."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause: SQL with one ``{}`` for its value, which travels as a parameter."""

    sql: str
    # The type is the column's.
    value: Any


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
    return [] if not values else [Condition(found_by(view, "@> text[]", "{}::text[]", column), list(values))]


def matches(view: type[PostgresView[Any]], text: str | None) -> list[Condition]:
    """The view's full-text document, by its index that finds by ``@@ tsquery``, matches what a person typed.

    Raises BadQuery for a text that is too long.
    """
    if text is None or not text.strip():
        return []
    if len(text) > LONGEST_TEXT:
        raise BadQuery(f"The text is longer than {LONGEST_TEXT} characters.")
    return [Condition(found_by(view, "@@ tsquery", "websearch_to_tsquery('english', {})"), text)]


def found_by(view: type[PostgresView[Any]], finds: str, value: str, column: str | None = None) -> str:
    """SQL for: the row is among those that an index of the view finds by this SQL value; see `Index`."""
    (index,) = (index for index in view.indexes if index.finds == finds and column in (None, *index.columns))
    (key,), (schema, _, _) = view.key, view.name.partition(".")
    return f"{key} in (select {schema}.{index.name}({value}))"


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a page is sorted; the key breaks ties. Empty values come last either way."""

    column: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A place between rows: right at the row with this value of the order's column and this key."""

    # The type is the column's.
    value: Any
    key: Key


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order, and whether there are more on either side."""

    rows: list[Row]
    more_before: bool
    more_after: bool


class Rows:
    """The reading side of all Postgres views."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(
        self, view: type[PostgresView[Row]], tenant_id: UUID, keys: Collection[Key]
    ) -> dict[Key, Row]:
        """The rows with these keys in one round trip; keys without a row are absent."""
        if not keys:
            return {}
        types = [_plan(view).types[name] for name in view.key]
        unnest = ", ".join(f"${n + 2}::{kind}[]" for n, kind in enumerate(types))
        where = f"({', '.join(view.key)}) in (select * from unnest({unnest}))"
        sql = _rows_of(f"select {_plan(view).columns} from {view.name} where tenant_id = $1 and {where}")
        rows = await self._fetch(view, tenant_id, sql, [tenant_id, *map(list, zip(*keys, strict=True))])
        return {tuple(getattr(row, name) for name in view.key): row for row in rows}

    async def page(
        self,
        view: type[PostgresView[Row]],
        tenant_id: UUID,
        *,
        where: Sequence[Condition] = (),
        order: Order,
        limit: int,
        after: Place | None = None,
        before: Place | None = None,
        backward: bool = False,
        skip: int = 0,
    ) -> Page[Row]:
        """At most ``limit`` rows after and before the given places, from the front or from the back.

        ``skip`` leaves rows out at the beginning, for pages that go by number; places are cheaper.
        """
        arguments: list[Any] = [tenant_id]
        parts = ["tenant_id = $1", *bound(where, arguments)]
        for place, following in ((after, True), (before, False)):
            if place is not None:
                parts.append(_beyond(view, order, place, following=following, arguments=arguments))
        arguments.append(limit + 1)
        sql = _rows_of(
            f"select {_plan(view).columns} from {view.name} where {' and '.join(parts)}"
            f" order by {_sorting(view, order, reverse=backward)} limit ${len(arguments)} offset {skip}"
        )
        found = await self._fetch(view, tenant_id, sql, arguments)
        rows, more = found[:limit], len(found) > limit
        if backward:
            return Page(rows[::-1], more_before=more, more_after=before is not None)
        return Page(rows, more_before=after is not None or skip > 0, more_after=more)

    async def heads(
        self,
        view: type[PostgresView[Row]],
        tenant_id: UUID,
        column: str,
        values: Collection[Any],
        *,
        order: Order,
        limit: int,
    ) -> dict[Any, list[Row]]:
        """The first ``limit`` rows for each of several values of a column, in one round trip."""
        kind = _plan(view).types[column]
        each = (
            f"select {_plan(view).columns} from {view.name} where tenant_id = $1 and {column} = wanted.value"
            f" order by {_sorting(view, order, reverse=False)} limit $3"
        )
        sql = _rows_of(
            f"select head.* from unnest($2::{kind}[]) as wanted(value) cross join lateral ({each}) head"
        )
        rows = await self._fetch(view, tenant_id, sql, [tenant_id, list(values), limit])
        grouped: dict[Any, list[Row]] = {}
        for row in rows:
            grouped.setdefault(getattr(row, column), []).append(row)
        return grouped

    async def count(
        self, view: type[PostgresView[Row]], tenant_id: UUID, where: Sequence[Condition] = ()
    ) -> int:
        """How many rows meet the conditions."""
        arguments: list[Any] = [tenant_id]
        parts = ["tenant_id = $1", *bound(where, arguments)]
        sql = f"select count(*) from {view.name} where {' and '.join(parts)}"
        async with self._reader.reading(tenant_id) as connection:
            return int(await connection.fetchval(sql, *arguments))

    async def _fetch(
        self, view: type[PostgresView[Row]], tenant_id: UUID, sql: str, arguments: Sequence[Any]
    ) -> list[Row]:
        async with self._reader.reading(tenant_id) as connection:
            text = await connection.fetchval(sql, *arguments)
        rows: list[Row] = _plan(view).decoder.decode(text)
        return rows


def _rows_of(select: str) -> str:
    """All rows as one JSON array: decoded to typed rows in one go, several times faster than records."""
    return f"select coalesce(json_agg(r), '[]')::text from ({select}) r"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What reading a view needs to know of it, worked out once."""

    columns: str
    types: Mapping[str, str]
    decoder: "msgspec.json.Decoder[list[Any]]"


_plans: dict[str, _Plan] = {}


def _plan(view: type[PostgresView[Any]]) -> _Plan:
    plan = _plans.get(view.name)
    if plan is None:
        types = {name: _bare(kind) for name, kind in table_shape(view, 1).columns.items()}
        decoder = msgspec.json.Decoder(list[view.row])  # type: ignore[name-defined]
        plan = _plans[view.name] = _Plan(", ".join(types), types, decoder)
    return plan


def _bare(kind: str) -> str:
    return kind.split("(", 1)[0]


def bound(where: Sequence[Condition], arguments: list[Any]) -> list[str]:
    """The conditions as SQL, their values added to the statement's arguments."""
    parts: list[str] = []
    for condition in where:
        arguments.append(condition.value)
        parts.append(condition.sql.format(f"${len(arguments)}"))
    return parts


def _sorting(view: type[PostgresView[Any]], order: Order, *, reverse: bool) -> str:
    direction = "desc" if order.descending is not reverse else "asc"
    terms = [f"{order.column} {direction}", *(f"{name} {direction}" for name in view.key)]
    if order.nullable:
        terms.insert(0, f"({order.column} is null) {'desc' if reverse else 'asc'}")
    return ", ".join(terms)


def _beyond(
    view: type[PostgresView[Any]], order: Order, place: Place, *, following: bool, arguments: list[Any]
) -> str:
    """The rows that stand after (or before) a place in the given order."""
    sign = ">" if following is not order.descending else "<"
    names = ", ".join(view.key)

    def key() -> str:
        arguments.extend(place.key)
        first = len(arguments) - len(place.key) + 1
        return ", ".join(f"${n}" for n in range(first, len(arguments) + 1))

    if place.value is None:
        same = f"{order.column} is null and ({names}) {sign} ({key()})"
        return f"({same})" if following else f"({order.column} is not null or {same})"
    arguments.append(place.value)
    value = f"${len(arguments)}"
    beyond = f"({order.column}, {names}) {sign} ({value}, {key()})"
    return f"({beyond} or {order.column} is null)" if order.nullable and following else f"({beyond})"
