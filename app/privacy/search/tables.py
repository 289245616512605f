"""Every table of the database, those of all generations of all views among them, looked through for a person."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import ClassVar

import asyncpg

from app.privacy.search.traces import Looked, SearchedPerson, TracePlace
from app.storage.database import Connection, Database

# Who may write to a table may not write to its partitions, so tables stand for their partitions.
_TABLES = """
select n.nspname as schema, c.relname as name,
       array_agg(a.attname::text order by a.attnum) as columns,
       array_agg(format_type(a.atttypid, null) order by a.attnum) as types,
       coalesce((select array_agg(k.attname::text order by k.attnum) from pg_index i
                   join pg_attribute k on k.attrelid = c.oid and k.attnum = any(i.indkey)
                  where i.indrelid = c.oid and i.indisprimary), '{}') as key
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p') and not c.relispartition
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 group by c.oid, n.nspname, c.relname
 order by 1, 2
"""
_TEXTS = ("text", "character varying", "character")
_GENERATION = "_g"


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table, as the catalogue of the database describes it."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    """Names and types."""
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    def of(self, *types: str) -> list[str]:
        """The columns of these types."""
        return [name for name, kind in self.columns if kind in types]

    @property
    def of_tenant(self) -> str:
        """Which rows are looked at: the tenant's ($1), where the table knows tenants."""
        return "t.tenant_id = $1" if "tenant_id" in self.of("uuid") else "$1::uuid is not null"

    @property
    def about(self) -> str:
        """Which rows are about the person ($2): those that are found by their id."""
        kinds = dict(self.columns)
        ids = [
            f't."{name}" = $2' if kinds[name] == "uuid" else f't."{name}" = $2::uuid::text'
            for name in self.key
            if name != "tenant_id" and kinds[name] in ("uuid", *_TEXTS)
        ]
        return f"({' or '.join(ids)})" if ids else "$2::uuid is null"

    @property
    def text(self) -> str:
        """The whole row as one text; bytes are read as the text that they may hold."""
        bytes_ = "".join(f" || coalesce(encode(t.\"{name}\", 'escape'), '')" for name in self.of("bytea"))
        return f"(t::text{bytes_})"

    @property
    def row_key(self) -> str:
        """What tells its rows apart, as one text."""
        parts = ", ".join(f't."{name}"::text' for name in self.key)
        return f"concat_ws('/', {parts})" if parts else "t.ctid::text"

    @property
    def is_view(self) -> bool:
        """Whether it holds a generation of a view, whose rows may be changed."""
        return self.schema.rpartition(_GENERATION)[2].isdigit() and _GENERATION in self.schema


class Tables:
    """`app.privacy.search.traces.SearchableStore` for Postgres."""

    store: ClassVar[str] = "postgres"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, wanted: SearchedPerson) -> Looked:
        looked = Looked(self.store)
        async with self._owner() as owner:
            for table in await _tables(owner):
                with _unless_dropped(table):
                    await self._look(owner, table, wanted, looked)
        return looked

    async def _look(
        self, owner: Connection, table: PersonalTable, wanted: SearchedPerson, looked: Looked
    ) -> None:
        texts = table.of(*_TEXTS)
        beside = " or ".join(f't."{name}" = any($4)' for name in texts) or "false"
        arguments = [wanted.tenant_id, wanted.subject_id, list(wanted.everywhere), list(wanted.beside)]
        # One moment, so that what is counted is what was looked at.
        async with owner.transaction(isolation="repeatable_read", readonly=True):
            looked.places += await owner.fetchval(
                f"select count(*) from {table} t where {table.of_tenant}", wanted.tenant_id
            )
            rows = await owner.fetch(
                f"""
                select * from (
                    select {table.row_key} as key, {table.text} as text,
                           {table.about} and ({beside}) and $4::text[] is not null as named
                      from {table} t where {table.of_tenant} offset 0) looked
                 where named or exists (select from unnest($5::text[]) one where strpos(text, one) > 0)
                    or exists (select from unnest($3::text[]) one where strpos(lower(text), lower(one)) > 0)
                """,
                *arguments,
                wanted.seals,
            )
        for row in rows:
            place = TracePlace(str(table).replace('"', ""), row["key"])
            if row["named"] or wanted.tells(row["text"]):
                looked.plain.append(place)
            looked.sealed += ((place, token) for token in wanted.sealed_in(row["text"]))

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Blank the opened columns of the rows about them, in every generation: also in those of former versions,
        which no code folds any more, and which a roll-back would show."""
        swept = 0
        texts = [*wanted.everywhere, *wanted.beside]
        async with self._owner() as owner:
            tables = [table for table in await _tables(owner) if table.is_view]
        for table in tables:
            with _unless_dropped(table):
                swept += await self._sweep(table, wanted, texts)
        return swept

    async def _sweep(self, table: PersonalTable, wanted: SearchedPerson, texts: list[str]) -> int:
        swept = 0
        for name in table.of(*_TEXTS):
            status = await self._database.writer.execute(
                f"""update {table} t set "{name}" = '' where {table.of_tenant} and {table.about}
                     and t."{name}" = any($3)""",
                wanted.tenant_id,
                wanted.subject_id,
                texts,
            )
            swept += int(status.rsplit(" ", 1)[-1])
        # What a name is sorted by tells the name, to who knows how it is made.
        for name in table.of("bytea", "tsvector"):
            await self._database.writer.execute(
                f"""update {table} t set "{name}" = '' where {table.of_tenant} and {table.about}""",
                wanted.tenant_id,
                wanted.subject_id,
            )
        return swept

    async def tokens(self, wanted: SearchedPerson) -> list[str]:
        """The sealed texts of them in the log: the one place that has them all."""
        rows = await self._database.writer.fetch(
            """select payload::text as text from es.events
                where tenant_id = $1
                  and exists (select from unnest($2::text[]) one where strpos(payload::text, one) > 0)""",
            wanted.tenant_id,
            wanted.seals,
        )
        return sorted({token for row in rows for token in wanted.sealed_in(row["text"])})

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Connection]:
        """The owner may read every table, also those that no other role may."""
        connection = await self._database.owner()
        try:
            yield connection
        finally:
            await connection.close()


@contextmanager
def _unless_dropped(table: PersonalTable) -> Iterator[None]:
    """Go on where a generation of a view was dropped after its table was listed: nothing is in it any more."""
    try:
        yield
    except asyncpg.UndefinedTableError:
        if not table.is_view:
            raise


async def _tables(connection: Connection) -> list[PersonalTable]:
    return [
        PersonalTable(
            row["schema"],
            row["name"],
            tuple(zip(row["columns"], row["types"], strict=True)),
            tuple(row["key"]),
        )
        for row in await connection.fetch(_TABLES)
    ]
