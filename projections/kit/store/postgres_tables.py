"""Makes the tables of Postgres views that are missing: one question about all of them, and one connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projections.kit.declare.postgres import PostgresView
from projections.kit.store.generations import DDL_LOCK, Connect, Connection, Pool
from projections.kit.store.partitions import arrange
from projections.kit.store.table_names import table_name
from projections.kit.store.tables import TableShape

_STANDING = """
select l.view is not null as enrolled, l.shape, to_regclass(t.name) is not null as there,
       (v.live <> l.generation or to_regclass(t.public) is not null)
       and not exists (select from unnest($5::int[], $6::text[]) f(number, name)
                        where f.number = t.number and to_regproc(f.name) is null) as published
  from unnest($1::text[], $2::int[], $3::text[], $4::text[])
       with ordinality as t(view, generation, name, public, number)
  left join ops.lanes l on l.view = t.view and l.generation = t.generation
  left join ops.views v on v.view = l.view
 order by t.number
"""


class ShapeChanged(Exception):
    """The table was made from another row class; raise the view's version to rebuild it beside the old."""


@dataclass(frozen=True, slots=True)
class ViewTable:
    """The table of one generation of a view."""

    view: type[PostgresView[Any]]
    generation: int
    shape: TableShape


async def prepare_tables(tables: Sequence[ViewTable], pool: Pool, owner: Connect) -> None:
    """Make those that are not there. Safe to repeat, and from many processes.

    Raises LookupError for a generation that is not enrolled, and ShapeChanged.
    """
    missing = await _missing(pool, tables)
    if not missing:
        return
    connection = await owner()
    try:
        for table in missing:
            async with connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
                if await _missing(connection, [table]):
                    await _create(connection, table)
    finally:
        await connection.close()


async def _missing(connection: "Pool | Connection", tables: Sequence[ViewTable]) -> list[ViewTable]:
    finders = [(number, name) for number, table in enumerate(tables, 1) for name in table.shape.finder_names]
    rows = await connection.fetch(
        _STANDING,
        [table.view.name for table in tables],
        [table.generation for table in tables],
        [table.shape.name for table in tables],
        [table.shape.public for table in tables],
        [number for number, _ in finders],
        [name for _, name in finders],
    )
    missing = []
    for table, row in zip(tables, rows, strict=True):
        view = table.view
        if not row["enrolled"]:
            raise LookupError(f"{view.name} has no generation {table.generation}; enroll it first.")
        if row["there"] and row["shape"] not in (None, table.shape.digest):
            raise ShapeChanged(f"{view.name} version {view.version} has another row by now.")
        if not (row["there"] and row["shape"] and row["published"]):
            missing.append(table)
    return missing


async def _create(owner: Connection, table: ViewTable) -> None:
    view, generation, shape = table.view, table.generation, table.shape
    there = await owner.fetchval(
        """select shape is not null and to_regclass($3) is not null
             from ops.lanes where view = $1 and generation = $2""",
        view.name,
        generation,
        shape.name,
    )
    if not there:
        await owner.execute(f"drop table if exists {shape.name} cascade")
        for statement in (*shape.create, shape.comments):
            await owner.execute(statement)
        # An empty table is vouched for up to nothing. The new token stops whoever was filling the old one.
        await owner.execute(
            """update ops.lanes set shape = $3, position = 0, folded = 0, token = token + 1,
                      refill_until = (select coalesce(max(position), 0) from es.events)
                where view = $1 and generation = $2""",
            view.name,
            generation,
            shape.digest,
        )
        await arrange(owner, view, generation)
    for statement in shape.finders:
        await owner.execute(statement)
    live = await owner.fetchval("select live from ops.views where view = $1", view.name)
    if live == generation:
        for statement in table_name(view, generation).publish:
            await owner.execute(statement)
