"""What processes have to do for a tenant: put to rest while it is moved, and taken along."""

from uuid import UUID

from app.processes.declared import HOME, KNOWN
from app.storage.database import Connection
from projections.kit.follow.lease_locks import SILENCE

_LONG = "interval '1000 years'"
"""By so much is put off what rests; nothing else is ever due that late."""

_REST = f"""
with ledger as (
    update processes.ledger set next_at = next_at + {_LONG}
     where tenant_id = $1 and status = 'pending' and next_at < clock_timestamp() + {_LONG} / 2
)
update processes.timers set due_at = due_at + {_LONG}
 where tenant_id = $1 and due_at < clock_timestamp() + {_LONG} / 2
"""
_WAKE = f"""
with ledger as (
    update processes.ledger set next_at = next_at - {_LONG}
     where tenant_id = $1 and status = 'pending' and next_at > clock_timestamp() + {_LONG} / 2
)
update processes.timers set due_at = due_at - {_LONG}
 where tenant_id = $1 and due_at > clock_timestamp() + {_LONG} / 2
"""
# A process that no code has, as of newer code that was taken back, reads nothing and finishes nothing.
_AT_REST = f"""
with mine as (
    select l.process, l.position from processes.lanes l left join processes.holders h using (process)
     where l.process = any($4) or clock_timestamp() - h.beat_at < make_interval(secs => {SILENCE})
)
select not exists (select from processes.ledger left join mine using (process)
                    where tenant_id = $1 and (status = 'running' and mine.process is not null
                       or status = 'pending' and next_at < clock_timestamp() + {_LONG} / 2))
   and not exists (select from processes.timers
                    where tenant_id = $1 and due_at < clock_timestamp() + {_LONG} / 2)
   and not exists (select from mine where position < $2 and process <> all($3))
"""
_INSERT = {
    "instances": "insert into processes.instances select (jsonb_populate_record(null::processes.instances, r)).*"
    " from jsonb_array_elements($1::jsonb) r",
    "timers": """
insert into processes.timers
select (jsonb_populate_record(null::processes.timers,
            r || jsonb_build_object('position', coalesce(e.position, 0)))).*
  from jsonb_array_elements($1::jsonb) r
  left join es.event_ids e on e.tenant_id = (r ->> 'tenant_id')::uuid and e.event_id = (r ->> 'event_id')::uuid
""",
    "ledger": """
insert into processes.ledger (
    tenant_id, process, instance, cause, key, kind, name, payload, status, attempts, next_at, token, event_id,
    position, correlation_id, error, result, discard, made_at, finished_at)
select l.tenant_id, l.process, l.instance, l.cause, l.key, l.kind, l.name, l.payload, l.status, l.attempts,
       l.next_at, 0, l.event_id, coalesce(e.position, 0), l.correlation_id, l.error, l.result, l.discard,
       l.made_at, l.finished_at
  from jsonb_populate_recordset(null::processes.ledger, $1::jsonb) l
  left join es.event_ids e on e.tenant_id = l.tenant_id and e.event_id = l.event_id
 order by l.id
""",
}


async def rest(owner: Connection, tenant_id: UUID, *, head: int) -> bool:
    """Put off what is to be done for the tenant; whether all of it rests, and every process of tenants has read
    up to ``head``."""
    async with owner.transaction():
        # Whoever writes for a process holds its row.
        await owner.execute("select from processes.lanes order by process for update")
        await owner.execute(_REST, tenant_id)
    return bool(await owner.fetchval(_AT_REST, tenant_id, head, list(HOME), list(KNOWN)))


async def wake(owner: Connection, tenant_id: UUID) -> None:
    """Take up again what rests."""
    async with owner.transaction():
        await owner.execute("select from processes.lanes order by process for update")
        await owner.execute(_WAKE, tenant_id)


async def enroll(source: Connection, target: Connection) -> None:
    """Make the processes of the source known to the target, as `app.processes.lease.enroll` does: they react to
    what is appended from now on, and what was copied they leave alone."""
    rows = await source.fetch(
        "select process, version from processes.lanes where process <> all($1)", list(HOME)
    )
    await target.executemany(
        """insert into processes.lanes (process, version, since, position)
           select $1, $2, head, head from (select coalesce(max(position), 0) as head from es.events) log
           on conflict (process) do nothing""",
        [tuple(row) for row in rows],
    )


async def copy(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy instances, timers and ledger, still at rest, in place of what the target has of the tenant."""
    async with target.transaction():
        await target.execute("select from processes.lanes order by process for update")
        for table, insert in _INSERT.items():
            rows = await source.fetchval(
                f"select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from processes.{table} t"
                " where tenant_id = $1",
                tenant_id,
            )
            await target.execute(f"delete from processes.{table} where tenant_id = $1", tenant_id)
            await target.execute(insert, rows)


async def forget(owner: Connection, tenant_id: UUID) -> None:
    """Delete them where they came from."""
    async with owner.transaction():
        await owner.execute("select from processes.lanes order by process for update")
        for table in _INSERT:
            await owner.execute(f"delete from processes.{table} where tenant_id = $1", tenant_id)
