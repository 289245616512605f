"""Lets the audit go after two years, month by month, and keeps an anchor of each month that went."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.audit.months import Anchor, anchors, keep, move_boundary, next_month
from app.contexts import VIEWS
from app.storage.database import Connection, Database
from domain.kit.clock import Clock, SystemClock
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.retention import Retain
from projections.kit.store.table_names import table_name

ACCESSES = "audit.data_access"
_KEPT = Retain(years=2, by="at")
_LOCK = 7311902764009
_AHEAD = 2
"""Months made before they begin."""
_DELETED = 10_000
_PAUSE = 24 * 3600.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExpiredMonth:
    """A month that went, or is to go: how many rows of how many tenants."""

    log: str
    month: datetime
    rows: int
    tenants: int


async def retain(database: Database, *, now: datetime, dry_run: bool = False) -> list[ExpiredMonth]:
    """Drop what is older than each log is kept, and make the months ahead. Safe to repeat, and to be killed.

    Only one process does it at a time; another one finds nothing to do. ``dry_run`` only says what would go.
    """
    owner = await database.owner()
    try:
        if not await owner.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            return []
        # Whoever reads or writes the audit goes first; what did not go today goes tomorrow.
        await owner.execute("set lock_timeout = '5s'")
        gone = await _accesses(owner, now, dry_run=dry_run)
        return gone + await _views(database, now, dry_run=dry_run)
    finally:
        await owner.close()


async def keep_retention(database: Database, clock: Clock | None = None, *, pause: float = _PAUSE) -> None:
    """Do `retain` now and once a day until it is cancelled; a failure is logged, and the next day counts."""
    clock = clock or SystemClock()
    while True:
        try:
            for month in await retain(database, now=clock.now()):
                _logger.info("%s: dropped %s rows of %s.", month.log, month.rows, f"{month.month:%Y-%m}")
        except Exception:
            _logger.exception("The audit's old months could not be dropped.")
        await asyncio.sleep(pause)


async def _accesses(owner: Connection, now: datetime, *, dry_run: bool) -> list[ExpiredMonth]:
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(0 if dry_run else _AHEAD + 1):
        await owner.execute("select audit.make_month($1)", month)
        month = next_month(month)
    gone: list[ExpiredMonth] = []
    for part, month in await _months(owner):
        if next_month(month) > _KEPT.boundary(now):
            break
        async with owner.transaction():
            if not dry_run:
                await owner.execute(f"lock table {part} in share mode")
            found = await _anchored(owner, ACCESSES, ACCESSES, "at", month, dry_run=dry_run)
            if not dry_run:
                await move_boundary(owner, ACCESSES, next_month(month))
                await owner.execute(f"drop table {part}")
        gone.append(_gone(ACCESSES, month, found))
    return gone


async def _months(owner: Connection) -> list[tuple[str, datetime]]:
    """The partitions with their months, the oldest first."""
    records = await owner.fetch(
        """select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'audit.data_access'::regclass order by c.relname"""
    )
    return [
        (f'audit."{record["name"]}"', datetime.strptime(record["name"][-7:], "%Y_%m").replace(tzinfo=UTC))
        for record in records
    ]


async def _views(database: Database, now: datetime, *, dry_run: bool) -> list[ExpiredMonth]:
    """The views' rows go as the writer's: row-level security lets nobody else delete them, the owner included."""
    writer = await database.connect(lock_timeout="5s")
    try:
        gone: list[ExpiredMonth] = []
        for view in VIEWS:
            if issubclass(view, PostgresView) and view.retain is not None:
                gone += await _view(writer, view, view.retain, now, dry_run=dry_run)
        return gone
    finally:
        await writer.close()


async def _view(
    connection: Connection, view: type[PostgresView[Any]], kept: Retain, now: datetime, *, dry_run: bool
) -> list[ExpiredMonth]:
    since = kept.boundary(now)
    tables = await _tables(connection, view)
    if not tables:
        return []
    live = tables[0]
    sql = f"""select distinct date_trunc('month', "{kept.by}" at time zone 'UTC') at time zone 'UTC' as month
                from {live} where "{kept.by}" < $1 order by 1"""
    gone: list[ExpiredMonth] = []
    for record in await connection.fetch(sql, since):
        async with connection.transaction():
            found = await _anchored(connection, view.name, live, kept.by, record["month"], dry_run=dry_run)
        gone.append(_gone(view.name, record["month"], found))
    if dry_run:
        return gone
    # First the boundary: from here on, no statement that begins writes what is older. Then those that had
    # begun are waited for, each table for a moment, and only then the rows go.
    await move_boundary(connection, view.name, since)
    for table in tables:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in share row exclusive mode")
        await _delete(connection, table, kept.by, since)
    return gone


async def _tables(connection: Connection, view: type[PostgresView[Any]]) -> list[str]:
    """The tables of all generations, the live one first; those that are being built are among them."""
    records = await connection.fetch(
        """select l.generation from ops.lanes l join ops.views v using (view)
            where l.view = $1 and l.phase <> 'dropped' order by (l.generation = v.live) desc, l.generation""",
        view.name,
    )
    names = [str(table_name(view, record["generation"])) for record in records]
    return [name for name in names if await connection.fetchval("select to_regclass($1) is not null", name)]


async def _delete(connection: Connection, table: str, by: str, since: datetime) -> None:
    sql = f"""with old as (select ctid from {table} where "{by}" < $1 limit {_DELETED})
              delete from {table} where ctid in (select ctid from old)"""
    while await connection.execute(sql, since) != "DELETE 0":
        pass


async def _anchored(
    connection: Connection, log: str, table: str, by: str, month: datetime, *, dry_run: bool
) -> list[Anchor]:
    found = [anchor async for anchor in anchors(connection, log=log, table=table, by=by, month=month)]
    for anchor in found if not dry_run else ():
        await keep(connection, anchor)
    return found


def _gone(log: str, month: datetime, found: Sequence[Anchor]) -> ExpiredMonth:
    return ExpiredMonth(log, month, sum(anchor.rows for anchor in found), len(found))
