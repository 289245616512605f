"""Reading Postgres views: rows by key, pages by keyset, counts; always inside one tenant."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from sys import getsizeof
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.read.allowance import allowance
from projections.kit.read.as_of import Past
from projections.kit.read.conditions import Condition, bound
from projections.kit.read.keyset import Order, RowPage, RowPlace, as_json, row_plan
from projections.kit.read.live_generations import Serving
from projections.kit.read.shares import Shares
from projections.kit.store.derived_columns import derived
from projections.kit.store.generations import Connection, ReaderPool
from projections.kit.store.table_names import TableName, table_name

T = TypeVar("T")

_PASTS = 2  # Questions about rows of the past at a time.


class PostgresRows:
    """The reading side of all Postgres views."""

    def __init__(self, reader: ReaderPool, live: Serving) -> None:
        self.reader = reader
        self.live = live
        self._pasts, self._room = Shares(1), asyncio.Semaphore(_PASTS)

    async def get(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        keys: Collection[Key],
        *,
        where: Sequence[Condition] = (),
    ) -> dict[Key, R]:
        """The rows with these keys that meet the conditions, in one round trip; other keys are absent."""
        if not keys:
            return {}
        table = self._table(view)
        types = [row_plan(view).types[name] for name in view.key]
        unnest = ", ".join(f"${n + 2}::{kind}[]" for n, kind in enumerate(types))
        arguments: list[Any] = [tenant_id, *map(list, zip(*keys, strict=True))]
        keyed = f"({', '.join(view.key)}) in (select * from unnest({unnest}))"
        parts = ["tenant_id = $1", keyed, *bound(where, arguments, table)]
        sql = as_json(f"select {row_plan(view).columns} from {table} where {' and '.join(parts)}")
        rows = await self._fetch(view, tenant_id, sql, arguments)
        return {tuple(getattr(row, name) for name in view.key): row for row in rows}

    async def page(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        *,
        where: Sequence[Condition] = (),
        order: Order,
        limit: int,
        after: RowPlace | None = None,
        before: RowPlace | None = None,
        backward: bool = False,
        past: Past[R] | None = None,
    ) -> RowPage[R]:
        """At most ``limit`` rows after and before the given places, from the front or from the back.

        With ``past`` its rows are read in place of the table's.
        """
        table, arguments, parts = self._source(view, tenant_id, where, past, order)
        parts += order.between(view, after, before, arguments)
        arguments.append(limit + 1)
        sql = as_json(
            f"select {row_plan(view).columns} from {table} where {' and '.join(parts)}"
            f" order by {order.terms(view, reverse=backward)} limit ${len(arguments)}"
        )
        found = await self._fetch(view, tenant_id, sql, arguments)
        rows, more = found[:limit], len(found) > limit
        if backward:
            return RowPage(rows[::-1], more_before=more, more_after=before is not None)
        return RowPage(rows, more_before=after is not None, more_after=more)

    async def heads(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        column: str,
        values: Collection[Any],
        *,
        where: Sequence[Condition] = (),
        order: Order,
        limit: int,
        after: RowPlace | None = None,
        before: RowPlace | None = None,
        backward: bool = False,
        past: Past[R] | None = None,
    ) -> dict[Any, list[R]]:
        """The first ``limit`` rows that meet the conditions, for each of several values of a column, in one round
        trip: of those after and before the given places, and from the back with the last one first."""
        table, arguments, parts = self._source(view, tenant_id, where, past, order)
        parts += order.between(view, after, before, arguments)
        columns, more = row_plan(view).columns, len(arguments)
        wanted, most = f"${more + 1}::{row_plan(view).types[column]}[]", f"${more + 2}"
        found, terms = f"from {table} where {' and '.join(parts)}", order.terms(view, reverse=backward)
        if past is None and any(condition.found for condition in where):
            # What an index finds is in any of the lists: it would be gone through again for each of the values.
            rank = f"row_number() over (partition by {column} order by {terms}) as rank_in_list"
            ranked = f"select {columns}, {rank} {found} and {column} = any({wanted})"
            sql = f"select {columns} from ({ranked}) found where rank_in_list <= {most} order by rank_in_list"
        else:
            found += f" and {column} = wanted.value"
            if not view.leads(column, order.by(view)):
                # Else an index that sorts all rows might be read from end to end for each of the values.
                found = f"from (select * {found} offset 0) found"
            each = f"select {columns} {found} order by {terms} limit {most}"
            sql = f"select head.* from unnest({wanted}) as wanted(value) cross join lateral ({each}) head"
        grouped: dict[Any, list[R]] = {}
        for row in await self._fetch(view, tenant_id, as_json(sql), [*arguments, list(values), limit]):
            grouped.setdefault(getattr(row, column), []).append(row)
        return grouped

    async def count(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        where: Sequence[Condition] = (),
        past: Past[R] | None = None,
        *,
        most: int | None = None,
    ) -> int:
        """How many rows meet the conditions; with ``most`` no more than so many are counted."""
        table, arguments, parts = self._source(view, tenant_id, where, past)
        sql = f"select count(*) from {table} where {' and '.join(parts)}"
        if most is not None:
            arguments.append(most)
            found = f"select from {table} where {' and '.join(parts)} limit ${len(arguments)}"
            sql = f"select count(*) from ({found}) found"
        async with self._asking(tenant_id, arguments) as (connection, values):
            return int(await connection.fetchval(sql, *values))

    async def standing(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        where: Sequence[Condition],
        *,
        beside: Collection[type[PostgresView[Any]]] = (),
        limit: int,
        most_bytes: int,
    ) -> tuple[int, list[R] | None]:
        """The rows that meet the conditions, by their keys, with the position up to which they are folded, as are
        the views ``beside`` them, all as of one moment; None in place of more rows than ``limit``, or bytes of
        JSON than ``most_bytes``."""
        table, arguments, parts = self._source(view, tenant_id, where, None)
        at = len(arguments)
        views = [view, *beside]
        names, generations = [each.name for each in views], [self.live.generation(each) for each in views]
        arguments += [names, generations, limit + 1, most_bytes]
        sql = f"""with found as materialized ({
            as_json(
                f"select {row_plan(view).columns} from {table} where {' and '.join(parts)}"
                f" order by {', '.join(view.key)} limit ${at + 3}"
            )
        })
        select coalesce((select min(position) from ops.lanes join unnest(${at + 1}::text[], ${
            at + 2
        }::int[]) as read(view, generation) using (view, generation)), 0),
               (select case when octet_length(rows) <= ${at + 4} then rows end from found)"""
        async with self._asking(tenant_id, arguments) as (connection, values):
            record = await connection.fetchrow(sql, *values)
            assert record is not None
            position, text = record
        if text is None:
            return position, None
        allowance().spend(getsizeof(text))
        rows: list[R] = row_plan(view).decoder.decode(text)
        return position, rows if len(rows) <= limit else None

    async def tally(
        self,
        view: type[PostgresView[Any]],
        tenant_id: UUID,
        by: Sequence[str],
        where: Sequence[Condition] = (),
        past: Past[Any] | None = None,
        *,
        latest: str | None = None,
    ) -> list[tuple[Any, ...]]:
        """The rows that meet the conditions, counted by the values of some columns: these, how many, and, if it is
        named, the greatest value of the column ``latest``. With ``past`` its rows are counted."""
        table, arguments, parts = self._source(view, tenant_id, where, past)
        counted = [*by, "count(*)", *([f"max({latest})"] if latest else [])]
        sql = f"select {', '.join(counted)} from {table} where {' and '.join(parts)} group by {', '.join(by)}"
        async with self._asking(tenant_id, arguments) as (connection, values):
            return [tuple(row) for row in await connection.fetch(sql, *values)]

    async def summed(
        self,
        view: type[PostgresView[Any]],
        tenant_id: UUID,
        by: str,
        columns: Sequence[str],
        where: Sequence[Condition] = (),
        *,
        limit: int,
    ) -> list[tuple[Any, ...]]:
        """The sums of some columns over the rows that meet the conditions, for each of the greatest ``limit``
        values of the column ``by``, the greatest first."""
        table, arguments, parts = self._source(view, tenant_id, where, None)
        sums = ", ".join(f"sum({name})::bigint" for name in columns)
        sql = (
            f"select {by}, {sums} from {table} where {' and '.join(parts)}"
            f" group by {by} order by {by} desc limit ${len(arguments) + 1}"
        )
        async with self._asking(tenant_id, [*arguments, limit]) as (connection, values):
            return [tuple(row) for row in await connection.fetch(sql, *values)]

    async def select(
        self,
        views: Mapping[str, type[PostgresView[Any]]],
        tenant_id: UUID,
        sql: str,
        *arguments: Any,
        shape: type[T],
    ) -> list[T]:
        """What a select of a context's own answers, in one round trip, as values of a shape (a dataclass).

        ``{name}`` in it stands for the table of the view of that name in ``views``, in the generation that is
        read. ``$1`` is the tenant; the database shows no other's rows.
        """
        tables = {name: str(self._table(view)) for name, view in views.items()}
        sql = as_json(sql.format_map(tables))
        text = await self._text(tenant_id, sql, [tenant_id, *arguments])
        # Generic aliases of a type variable are unknown to the checker.
        found: list[T] = msgspec.json.decode(text, type=list[shape])  # type: ignore[valid-type]
        return found

    def _table(self, view: type[PostgresView[Any]]) -> TableName:
        return table_name(view, self.live.generation(view))

    def _source(
        self,
        view: type[PostgresView[R]],
        tenant_id: UUID,
        where: Sequence[Condition],
        past: Past[R] | None,
        order: Order | None = None,
    ) -> tuple[str, list[Any], list[str]]:
        """What to select from, the first arguments, and the conditions, beginning with the tenant's."""
        if past is None:
            table = self._table(view)
            arguments: list[Any] = [tenant_id]
            return str(table), arguments, ["tenant_id = $1", *bound(where, arguments, table)]
        # One tenant's rows, so that nothing is left to be said about whose they are.
        arguments = [None]
        parts = bound(where, arguments)
        said = " ".join(parts) + (f" {order.by(view)}" if order else "")
        # Working them all out would take far longer than the rest.
        needed = [column for column in derived(view) if column.name in said]
        kinds = {**row_plan(view).types, **{column.name: column.kind for column in needed}}
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        arguments[0] = partial(past.json, needed)
        return f"json_to_recordset($1::json) as past({columns})", arguments, ["true", *parts]

    async def _fetch(
        self, view: type[PostgresView[R]], tenant_id: UUID, sql: str, arguments: Sequence[Any]
    ) -> list[R]:
        rows: list[R] = row_plan(view).decoder.decode(await self._text(tenant_id, sql, arguments))
        return rows

    async def _text(self, tenant_id: UUID, sql: str, arguments: Sequence[Any]) -> str:
        async with self._asking(tenant_id, arguments) as (connection, values):
            text: str = await connection.fetchval(sql, *values)
        allowance().spend(getsizeof(text))
        return text

    @asynccontextmanager
    async def _asking(
        self, tenant_id: UUID, arguments: Sequence[Any]
    ) -> AsyncIterator[tuple[Connection, Sequence[Any]]]:
        """A connection to ask on, and the arguments. Rows of the past, all of a view's, are made in turns."""
        allowed = allowance()
        async with allowed.reading(), AsyncExitStack() as stack:
            if callable(past_rows := arguments[0]):
                await stack.enter_async_context(self._pasts.of(tenant_id))
                await stack.enter_async_context(self._room)
                with allowed.timed():
                    rows = past_rows()
                allowed.spend(getsizeof(rows))
                arguments = [rows, *arguments[1:]]
            connection = await stack.enter_async_context(self.reader.reading(tenant_id))
            with allowed.timed():
                yield connection, arguments
