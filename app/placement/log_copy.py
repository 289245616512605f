"""Copies a tenant's part of a log into another one: the same events in the same order, at new positions."""

from dataclasses import fields
from uuid import UUID

import asyncpg

from app.keys.invalidation import CHANNEL, notification
from app.storage.database import Connection
from domain.kit.log import GLOBAL, Envelope
from domain.kit.process.effects import EffectRefused

_BATCH = 1000
_APPENDING = 7311902764001
"""The advisory lock that every append takes (es.append); it is given back after each batch."""

TABLES = ("keys.tenant_keys", "keys.subject_keys")
"""Tables beside the log that hold rows of a tenant permanently, those that others refer to first."""

_COLUMNS = [field.name for field in fields(Envelope)]
_READ = f"""
select {", ".join(_COLUMNS)}, (select ended from es.streams s
        where s.tenant_id = e.tenant_id and s.originator_id = e.originator_id) as ended
  from es.events e where tenant_id = $1 and position > $2 order by position limit $3
"""
_TYPES = {
    "position": "bigint", "timestamp": "timestamptz", "tenant_id": "uuid", "originator_id": "uuid",
    "event_id": "uuid", "command_id": "uuid", "user_id": "uuid", "originator_version": "int",
    "version": "smallint", "topic": "text", "type": "text", "correlation_id": "text", "causation_id": "text",
    "session_id": "text", "source": "text", "environment": "text", "region": "text", "payload": "jsonb",
    "metadata": "jsonb",
}  # fmt: skip
# Metadata then say at which position the event stood where it came from; see `app.processes.process_worker`.
_ADD = f"""
with new as (
    select * from unnest({", ".join(f"${n}::{_TYPES[name]}[]" for n, name in enumerate(_COLUMNS, 1))},
                         ${len(_COLUMNS) + 1}::boolean[], ${len(_COLUMNS) + 2}::bigint[])
           as t({", ".join(_COLUMNS)}, ended, moved)
), events as (
    insert into es.events ({", ".join(_COLUMNS)})
    select {
    ", ".join(
        "metadata || jsonb_build_object('moved', moved)" if name == "metadata" else name for name in _COLUMNS
    )
} from new
), ids as (
    insert into es.event_ids (tenant_id, event_id, position) select tenant_id, event_id, position from new
)
insert into es.streams as s (tenant_id, originator_id, first, last, version, ended, topic)
select tenant_id, originator_id, min(position), max(position), max(originator_version), bool_and(ended),
       min(topic)
  from new group by tenant_id, originator_id
on conflict (tenant_id, originator_id) do update
   set last = excluded.last, version = excluded.version, ended = excluded.ended
"""
_COMMANDS = """
insert into es.commands (tenant_id, command_id, first, last, digest)
select $1, c.command_id, coalesce(e.first, h.head + 1), coalesce(e.last, h.head), c.digest
  from unnest($2::uuid[], $3::bytea[]) as c(command_id, digest)
  left join (select command_id, min(position) as first, max(position) as last
               from es.events where tenant_id = $1 group by command_id) e using (command_id)
 cross join (select coalesce(max(position), 0) as head from es.events) h
on conflict (tenant_id, command_id) do nothing
"""
_HASH = """
select count(*) as events,
       encode(sha256(convert_to(coalesce(string_agg(
           encode(sha256(convert_to(event_id::text || payload::text, 'UTF8')), 'hex'), ',' order by position
       ), ''), 'UTF8')), 'hex') as hash
  from es.events where tenant_id = $1
"""


async def copy_events(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy every event that the target does not have yet, in order."""
    after = 0
    while rows := await source.fetch(_READ, tenant_id, after, _BATCH):
        after = rows[-1]["position"]
        async with target.transaction():
            await target.execute("select pg_advisory_xact_lock($1)", _APPENDING)
            known = await target.fetch(
                "select event_id from es.event_ids where tenant_id = $1 and event_id = any($2)",
                tenant_id,
                [row["event_id"] for row in rows],
            )
            there = {row["event_id"] for row in known}
            new = [row for row in rows if row["event_id"] not in there]
            if not new:
                continue
            head = await target.fetchval("select coalesce(max(position), 0) from es.events")
            await target.execute("select es.extend($1)", head + len(new))
            columns: list[list[object]] = [[row[name] for row in new] for name in _COLUMNS]
            columns[_COLUMNS.index("position")] = list(range(head + 1, head + len(new) + 1))
            await target.execute(
                _ADD, *columns, [row["ended"] for row in new], [row["position"] for row in new]
            )
            await target.execute("select pg_notify('headwater_log', $1)", str(head + len(new)))


async def copy_commands(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy what is known of commands, so that one that is sent again has its receipt, at the new positions."""
    rows = await source.fetch("select command_id, digest from es.commands where tenant_id = $1", tenant_id)
    await target.execute(
        _COMMANDS, tenant_id, [row["command_id"] for row in rows], [row["digest"] for row in rows]
    )


async def copy_reservations(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy the values that the tenant holds. Raises EffectRefused when another has one of them."""
    rows = await source.fetch(
        "select scope_id, name, value, originator_id from es.reservations where tenant_id = $1", tenant_id
    )
    try:
        async with target.transaction():
            await target.execute("delete from es.reservations where tenant_id = $1", tenant_id)
            await target.executemany(
                """insert into es.reservations (tenant_id, scope_id, name, value, originator_id)
                   values ($1, $2, $3, $4, $5)""",
                [(tenant_id, *row) for row in rows],
            )
    except asyncpg.UniqueViolationError as error:
        raise EffectRefused(
            "A value that the tenant holds is in use at the place where it is to go."
        ) from error


async def forget_reservations(connection: Connection, tenant_id: UUID) -> None:
    """Give back what a tenant that is no more here holds over all tenants: it could do so only where it is."""
    await connection.execute(
        "delete from es.reservations where tenant_id = $1 and scope_id = $2", tenant_id, GLOBAL
    )


async def copy_tables(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy the tenant's rows of the tables beside the log."""
    async with target.transaction():
        for table in reversed(TABLES):
            if await _exists(target, table):
                await target.execute(f"delete from {table} where tenant_id = $1", tenant_id)
        for table in TABLES:
            if await _exists(source, table):
                rows = await source.fetchval(
                    f"select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from {table} t where tenant_id = $1",
                    tenant_id,
                )
                await target.execute(
                    f"insert into {table} select * from jsonb_populate_recordset(null::{table}, $1::jsonb)",
                    rows,
                )
        await _tell(target, tenant_id)


async def forget_tables(source: Connection, tenant_id: UUID) -> None:
    """Destroy the keys where they came from: what is sealed in that log can no longer be opened there.

    People's keys leave what an erased person's do, so that whoever looks through that log finds it whole.
    """
    async with source.transaction():
        await source.execute(
            """update keys.subject_keys
                  set wrapped = '', tenant_generation = null, destroyed_at = clock_timestamp(),
                      fingerprint = encode(sha256(wrapped), 'hex')
                where tenant_id = $1 and destroyed_at is null""",
            tenant_id,
        )
        await source.execute("delete from keys.tenant_keys where tenant_id = $1", tenant_id)
        await _tell(source, tenant_id)


async def _tell(connection: Connection, tenant_id: UUID) -> None:
    """Have every process forget the keys of a tenant that it holds."""
    await connection.execute("select pg_notify($1, $2)", CHANNEL, notification(tenant_id))


async def has_events(connection: Connection, tenant_id: UUID) -> bool:
    """Whether the log holds anything of the tenant."""
    query = "select exists (select from es.streams where tenant_id = $1)"
    return bool(await connection.fetchval(query, tenant_id))


async def fingerprint(connection: Connection, tenant_id: UUID) -> tuple[int, str]:
    """How many events the tenant has, and a hash over the ids and payloads of all, in order."""
    row = await connection.fetchrow(_HASH, tenant_id)
    assert row is not None, "an aggregate without groups is one row"
    return row["events"], row["hash"]


async def _exists(connection: Connection, table: str) -> bool:
    return bool(await connection.fetchval("select to_regclass($1) is not null", table))
