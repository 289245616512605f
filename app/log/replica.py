"""A replica: the events of one log in another database, row by row as they are stored, for reading alone.

What is sealed stays sealed, and no keys are copied. How far it is stands in the same transaction as the rows, so a
copy that was killed goes on where it was: each event is there once, and none is left out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from app.log.columns import COLUMNS
from app.log.reader import head_of
from app.storage.database import SETTINGS, WRITER, Connection, plain_url, role_url

SCHEMA = "headwater_replica"
PAGE = 2_000
"""Events that are copied in a transaction."""
_LOCK = 7311902764031
_CONNECTING = 10.0
_ENDING = 20.0
"""Seconds in which the server lets go of who filled the replica before."""
_PAGE_SECONDS = 60.0
"""How long a page may take; a server that hangs breaks no connection, so it is broken here."""
_PROTECTED = f"""
create or replace function {SCHEMA}.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'Events are copied, and neither changed nor removed.'; end $$;
create or replace trigger append_only before update or delete or truncate on {SCHEMA}.events
    for each statement execute function {SCHEMA}.refuse();
"""
_IS_PROTECTED = f"""
select exists (select from pg_trigger where tgrelid = to_regclass('{SCHEMA}.events') and tgname = 'append_only')
"""
_SETTING_UP = f"""
create schema {SCHEMA};
create table {SCHEMA}.events (
    position bigint primary key, timestamp timestamptz not null, tenant_id uuid not null,
    originator_id uuid not null, event_id uuid not null, command_id uuid not null, user_id uuid,
    originator_version int not null, version smallint not null, topic text not null, type text not null,
    correlation_id text not null, causation_id text, session_id text, source text not null,
    environment text not null, region text not null, payload jsonb not null, metadata jsonb not null
);
create index on {SCHEMA}.events (tenant_id, position);
create index on {SCHEMA}.events (type, position);
create table {SCHEMA}.progress (
    single boolean primary key default true check (single),
    position bigint not null,
    head bigint not null,
    copied_at timestamptz not null
);
comment on table {SCHEMA}.progress is 'Up to which position it is filled, of a log that ended at head then.';
insert into {SCHEMA}.progress (position, head, copied_at) values (0, 0, clock_timestamp());
{_PROTECTED}"""
_THERE = f"select to_regclass('{SCHEMA}.progress') is not null"
_OTHERS = """
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                             and d.deptype = 'e')
 limit 1
"""
_ENDS = f"""
select e.position, e.event_id from {SCHEMA}.events e, {SCHEMA}.progress p
 where e.position in (1, p.position, (select max(position) from {SCHEMA}.events))
"""
_FILLED = f"select position from {SCHEMA}.progress"
_WHOLE = f"select (select count(*) from {SCHEMA}.events) = (select position from {SCHEMA}.progress)"
_SAME = """
select count(*) from es.events
 where (position, event_id) in (select * from unnest($1::bigint[], $2::uuid[]))
"""
_NOT_WHOLE = f"The replica does not hold what it should: drop its schema, {SCHEMA}, to have it filled again."
_READ = f"select {COLUMNS} from es.events where position > $1 order by position limit $2"
_NOTE = f"update {SCHEMA}.progress set position = $1, head = $2, copied_at = clock_timestamp()"


class ReplicaRefused(Exception):
    """The database is not filled with this log; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class ReplicaLag:
    """How far a replica is."""

    position: int
    head: int
    """Where the log ended when that was looked at last."""
    copied_at: datetime
    """When that was."""

    @property
    def behind(self) -> int:
        """The events that it lacks."""
        return self.head - self.position


class Replica:
    """A log and the database that it is copied into."""

    def __init__(self, owner_url: str, secret: str, to: str) -> None:
        self._log_url, self._url = role_url(owner_url, WRITER, secret), plain_url(to)
        self._log: Connection | None = None
        self._replica: Connection | None = None

    async def copy(self) -> ReplicaLag:
        """Copy the events that follow, some at a time, and say how far that is. What it was connected to may be
        away, and then it connects again when asked again. Raises ReplicaRefused."""
        try:
            if self._log is None:
                self._log = await _connected(self._log_url)
            if self._replica is None:
                self._replica = await self._opened(self._log)
            async with self._bounded():
                return await _copied(self._log, self._replica)
        except BaseException:
            self.close()
            raise

    async def lag(self) -> ReplicaLag:
        """How far it is, as whoever fills it noted and as the log stands now. Raises ReplicaRefused where there is
        no replica."""
        try:
            self._log = await _connected(self._log_url)
            self._replica = await _connected(self._url)
            async with self._bounded():
                found = await _noted(self._replica)
                return replace(found, head=max(found.position, await head_of(self._log)))
        finally:
            self.close()

    def close(self) -> None:
        """Let go of both."""
        for connection in (self._log, self._replica):
            if connection is not None:
                connection.terminate()
        self._log = self._replica = None

    async def _opened(self, log: Connection) -> Connection:
        replica = await _connected(self._url)
        try:
            await _require_own(log, replica)
        except BaseException:
            replica.terminate()
            raise
        return replica

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        # Broken, for what is cancelled waits for an answer to its farewell.
        watch = asyncio.get_running_loop().call_later(_PAGE_SECONDS, self.close)
        try:
            yield
        finally:
            watch.cancel()


async def _require_own(log: Connection, replica: Connection) -> None:
    """Set the replica up where the database is empty. Raises ReplicaRefused for one that holds something else."""
    await _require_alone(replica)
    if not await replica.fetchval(_THERE):
        if (other := await replica.fetchval(_OTHERS)) is not None:
            raise ReplicaRefused(
                f"The database holds something else, such as {other}: a replica takes an empty one."
            )
        async with replica.transaction():
            await replica.execute(_SETTING_UP)
    elif not await replica.fetchval(_IS_PROTECTED):
        await _protect(replica)
    try:
        ends = {row["position"]: row["event_id"] for row in await replica.fetch(_ENDS)}
        filled = await replica.fetchval(_FILLED)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise ReplicaRefused(_NOT_WHOLE) from None
    if await log.fetchval(_SAME, list(ends), list(ends.values())) != len(ends):
        raise ReplicaRefused("The replica holds another log, or what this one no longer holds.")
    if filled is None or set(ends) != ({1, filled} if filled else set()):
        raise ReplicaRefused(_NOT_WHOLE)


async def _protect(replica: Connection) -> None:
    """Let nobody change the events of a replica that was set up before they were kept so. Raises ReplicaRefused
    where some are lacking already."""
    try:
        async with replica.transaction():
            await replica.execute(_PROTECTED)
            if not await replica.fetchval(_WHOLE):
                raise ReplicaRefused(_NOT_WHOLE)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise ReplicaRefused(_NOT_WHOLE) from None


async def _require_alone(replica: Connection) -> None:
    # Held for as long as the connection is; that of who was killed ends in a moment.
    until = asyncio.get_running_loop().time() + _ENDING
    while not await replica.fetchval("select pg_try_advisory_lock($1)", _LOCK):
        if asyncio.get_running_loop().time() > until:
            raise ReplicaRefused("Somebody else fills this replica.")
        await asyncio.sleep(0.2)


async def _copied(log: Connection, replica: Connection) -> ReplicaLag:
    async with replica.transaction():
        before: int = await replica.fetchval(f"select position from {SCHEMA}.progress for update")
        rows = await log.fetch(_READ, before, PAGE)
        position = before + len(rows)
        if rows and (rows[0]["position"], rows[-1]["position"]) != (before + 1, position):
            raise ReplicaRefused(f"The log has gaps after position {before}.")
        if rows:
            await replica.copy_records_to_table(
                "events", schema_name=SCHEMA, columns=COLUMNS.split(", "), records=map(tuple, rows)
            )
        await replica.execute(_NOTE, position, max(position, await head_of(log, before)))
    return await _noted(replica)


async def _noted(replica: Connection) -> ReplicaLag:
    try:
        row = await replica.fetchrow(f"select position, head, copied_at from {SCHEMA}.progress")
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        raise ReplicaRefused("The database holds no replica.")
    return ReplicaLag(*row)


async def _connected(url: str) -> Connection:
    settings = SETTINGS | {"application_name": "headwater replicate"}
    return await asyncpg.connect(url, server_settings=settings, timeout=_CONNECTING)
