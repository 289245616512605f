"""The store of Postgres views: a page is loaded in one query, and saved with its checkpoint in one statement."""

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

import asyncpg
import msgspec

from domain.kit.sealed import Opening, PlainOpening
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.retention import SINCE
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges
from projections.kit.store.decrypted_fields import opened, opened_fields
from projections.kit.store.derived_columns import derived, json_of
from projections.kit.store.generations import Connect, Connection, Pool
from projections.kit.store.postgres_tables import ViewTable, prepare_tables
from projections.kit.store.shared_statements import (
    LaneRecord,
    SharedStatements,
    ViewLoad,
    ViewSave,
    save_with,
)
from projections.kit.store.staging import Staging
from projections.kit.store.statements import Statements, WriteKind, write
from projections.kit.store.store import Checkpoint, LeaseLost, Lost, Recorded, RowsRefused
from projections.kit.store.tables import table_shape

CONNECTION_SETTINGS = {
    # Pages differ in size by orders of magnitude, and tables grow from nothing: a plan kept from before
    # would read whole tables.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}
"""Settings for the connections of followers."""


REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What the server raises for rows that it will never take."""

_SCANNED = 1000
_SHARED = 200
"""Rows up to which a page shares its statements with those of other views; more are worth one of their own."""
_MANY = 2_000
"""Rows from which on a temporary table is worth its while."""
_UNSTAGED = (*REFUSED, asyncpg.InsufficientPrivilegeError, asyncpg.InterfaceError, TypeError, ValueError)


class PostgresStore(Recorded, Generic[R]):
    """One generation of a Postgres view, in a schema of the generation; `enroll` must have named it.

    Writes go through ``pool``; ``owner`` connects as the owner of the tables, for prepare and drop. What the row
    class marks as `Opened` is opened by ``opening`` as it is written. Stores on one pool may have their statements
    ``shared``.
    """

    bulk_rows = 20_000

    def __init__(
        self,
        view: type[PostgresView[R]],
        pool: Pool,
        owner: Connect,
        generation: int,
        opening: Opening | None = None,
        shared: SharedStatements | None = None,
    ) -> None:
        self._view = view
        self._shared = shared or SharedStatements(pool)
        self._opening = opening or PlainOpening()
        self._opened = opened_fields(view.row)
        self._generation = generation
        self._pool = pool
        self._owner = owner
        self._shape = table_shape(view, generation)
        self._sql = Statements(self._shape)
        self._staging: Staging[R] = Staging(self._shape, derived(view))
        self._decoder: msgspec.json.Decoder[list[R]] = msgspec.json.Decoder(list[view.row])  # type: ignore[name-defined]

    @property
    def table(self) -> str:
        """The table's full name, quoted."""
        return self._shape.name

    @property
    def own_table(self) -> ViewTable:
        """What `prepare` makes."""
        return ViewTable(self._view, self._generation, self._shape)

    async def prepare(self) -> None:
        await prepare_tables([self.own_table], self._pool, self._owner)

    async def load(self, keys: Collection[FullKey]) -> dict[FullKey, R]:
        if not keys:
            await self._shared.load_nothing()
            return {}
        arguments = self._columns_of(keys)
        try:
            if len(keys) > _SHARED:
                return self._read(await self._pool.fetchrow(self._sql.load, *arguments))
            return self._read(await self._shared.load(ViewLoad(self._sql, arguments)))
        except asyncpg.UndefinedTableError as error:
            raise Lost(f"{self.table} is gone") from error

    async def load_with(self, connection: "Connection | Any", keys: Collection[FullKey]) -> dict[FullKey, R]:
        """`load` on a connection of the caller's. (A pool's proxy has no type of its own, hence Any.)"""
        return self._read(await connection.fetchrow(self._sql.load, *self._columns_of(keys)))

    def _read(self, record: asyncpg.Record | None) -> dict[FullKey, R]:
        if record is None or record["tenants"] is None:
            return {}
        rows = self._decoder.decode(record["rows"])
        names = self._view.key
        return {
            (tenant, tuple(getattr(row, name) for name in names)): row
            for tenant, row in zip(record["tenants"], rows, strict=True)
        }

    async def save(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int | None = None) -> None:
        if self._opened:
            changes = await opened(self._opened, changes, self._opening)
        try:
            moved = await self._save(changes, checkpoint, checkpoint.position if after is None else after)
        except asyncpg.UndefinedTableError as error:
            raise Lost(f"{self.table} is gone") from error
        except REFUSED as error:
            raise RowsRefused(f"{self.table} refuses a row") from error
        if not moved:
            raise LeaseLost(
                f"{self._view.name} is held with a newer token than {checkpoint.token}, or was moved meanwhile"
            )

    async def _save(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int) -> bool:
        if len(changes) >= _MANY and (moved := await self._save_many(changes, checkpoint, after)) is not None:
            return moved
        save = self._saving(*self._writing(changes), checkpoint, after)
        if len(changes) <= _SHARED:
            return await self._shared.save(save)
        async with self._pool.acquire() as connection:
            (moved,) = await save_with(connection, [save])
        return moved

    async def _save_many(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int) -> bool | None:
        """Whether it was written, by way of a temporary table; None when that cannot be done."""
        gone = [full for full, row in changes.items() if row is None]
        kind = WriteKind(rows=True, deletes=bool(gone), staged=self._staging.name)
        async with self._pool.acquire() as connection:
            try:
                await self._staging.fill(connection, changes)
            except _UNSTAGED:
                # The other way says what is wrong with a row, and needs no right to temporary tables.
                return None
            save = self._saving(kind, self._columns_of(gone) if gone else [], checkpoint, after)
            (moved,) = await save_with(connection, [save])
        return moved

    def _saving(
        self, kind: WriteKind, arguments: Sequence[object], checkpoint: Checkpoint, after: int
    ) -> ViewSave:
        return ViewSave(self._sql, kind, arguments, self._view.name, self._generation, checkpoint, after)

    async def upsert(self, connection: Connection, changes: RowChanges[R]) -> None:
        """`upsert_together` of this view alone."""
        await upsert_together(connection, [(self, changes)])

    async def upserting(self, changes: RowChanges[R]) -> tuple[Statements, WriteKind, list[object]]:
        """What `upsert_together` sends for this view."""
        if self._opened:
            changes = await opened(self._opened, changes, self._opening)
        return self._sql, *self._writing(changes)

    async def checkpoint(self) -> Checkpoint:
        record = await self._shared.checkpoint(LaneRecord(self._view.name, self._generation, self.table))
        if record is None:
            raise Lost(f"{self.table} is gone")
        return Checkpoint(record["position"], record["folded"], record["token"])

    async def kept_since(self) -> datetime | None:
        """The boundary from before which rows are gone, where the view has one and it was ever moved."""
        since: datetime | None = await self._pool.fetchval(SINCE.format(self._view.name))
        return since

    async def count(self) -> int:
        try:
            return int(await self._pool.fetchval(self._sql.count))
        except asyncpg.UndefinedTableError as error:
            raise Lost(f"{self.table} is gone") from error

    async def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, R], None]:
        """As `Store.scan`, in order of the keys; each page is a short query of its own."""
        tenants = [] if tenant_id is None else [tenant_id]
        last: list[object] = []
        while True:
            sql = self._sql.scan(tenant=bool(tenants), further=bool(last))
            try:
                page = self._read(await self._pool.fetchrow(sql, _SCANNED, *tenants, *last))
            except asyncpg.UndefinedTableError as error:
                raise Lost(f"{self.table} is gone") from error
            if page:
                yield page
            if len(page) < _SCANNED:
                return
            tenant, key = next(reversed(page))
            last = [tenant, *key]

    async def begin_bulk(self) -> None:
        """Drop the secondary indexes until `end_bulk`."""
        await self._owned(*self._shape.drop_indexes)

    async def end_bulk(self) -> None:
        """Create the indexes, and analyze the table for the planner."""
        await self._owned("set maintenance_work_mem = '256MB'", *self._shape.make_indexes)
        await self._owned(f"vacuum (analyze) {self.table}")

    async def drop(self) -> None:
        await self._owned(f"drop table if exists {self.table} cascade")

    async def _owned(self, *statements: str) -> None:
        owner = await self._owner()
        try:
            for statement in statements:
                await owner.execute(statement)
        except asyncpg.UndefinedTableError as error:
            raise Lost(f"{self.table} is gone") from error
        finally:
            await owner.close()

    def _writing(self, changes: RowChanges[R]) -> tuple[WriteKind, list[object]]:
        rows: list[R] = []
        tenants: list[UUID] = []
        gone: list[FullKey] = []
        positions: list[int] = []
        for full, row in changes.items():
            if row is None:
                gone.append(full)
            else:
                rows.append(row)
                tenants.append(full[0])
                positions.append(changes.positions[full])
        arguments: list[object] = []
        if rows:
            # One JSON array costs this process a quarter of what encoding column by column does, and the
            # server, whose time it is, is not slower for it.
            arguments += [json_of(derived(self._view), rows), tenants, positions]
        if gone:
            arguments += self._columns_of(gone)
        return WriteKind(rows=bool(rows), deletes=bool(gone)), arguments

    def _columns_of(self, keys: Collection[FullKey]) -> list[object]:
        """The tenants, and one list for each field of the key."""
        columns: list[object] = [[tenant for tenant, _ in keys]]
        columns += ([key[i] for _, key in keys] for i in range(len(self._view.key)))
        return columns


# Rows of views differ in type, hence Any.
async def upsert_together(
    connection: Connection, changed: Sequence[tuple[PostgresStore[Any], RowChanges[Any]]]
) -> None:
    """Write changes of different views in one statement on a connection of the caller's, in their transaction and
    without checkpoints.

    Keys for `Opened` fields are fetched on a connection of their own.
    """
    writes = [await store.upserting(changes) for store, changes in changed if changes]
    if writes:
        sql = write(tuple((view, kind) for view, kind, _ in writes))
        await connection.execute(sql, *(value for _, _, arguments in writes for value in arguments))
