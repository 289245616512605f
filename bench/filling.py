"""Long logs, written by SQL inside the server: the lives of tasks, each consistent with streams and commands.

The log refuses changes to what is stored, not insertions by its owner. Positions, versions, streams, event
ids and commands come out as `es.append` writes them. Only for a database that nobody appends to meanwhile.
"""

from app.storage.database import Database
from bench.events import STAGES, TENANT, USER, lives
from domain.kit.codec import PlainCodec

_TOGETHER = 1_000
"""Tasks under way at a time, as in `bench.events`."""
_STEP = 100_000

_FILL = """
with numbered as (
    select position, (position - 1) / ({together} * {stages}) as block,
           (position - 1) % ({together} * {stages}) as place
      from generate_series($1::bigint, $2::bigint) as position
), made as (
    select position, block * {together} + place % {together} as task, (place / {together})::int as stage,
           uuidv7() as event_id, uuidv7() as command_id,
           timestamptz '2026-01-01' + position * interval '1 second' as timestamp
      from numbered
), events as (
    select *, md5('task ' || task)::uuid as stream from made
), stored as (
    insert into es.events (
        position, timestamp, tenant_id, originator_id, event_id, command_id, user_id, originator_version,
        version, topic, type, correlation_id, source, environment, region, payload, metadata)
    select position, timestamp, $3, stream, event_id, command_id, $4, stage + 1, ($6::smallint[])[stage + 1],
           'work.task', ($5::text[])[stage + 1], command_id::text, 'bench', 'bench', 'local',
           case when stage in (0, 2) then jsonb_set(($7::jsonb[])[stage + 1], '{{title}}',
                                                    to_jsonb('Answer letter ' || task))
                else ($7::jsonb[])[stage + 1] end,
           '{{"command": "work.change_task"}}'
      from events
), ids as (
    insert into es.event_ids (tenant_id, event_id, position) select $3, event_id, position from events
), commands as (
    insert into es.commands (tenant_id, command_id, first, last, digest)
    select $3, command_id, position, position, sha256('bench') from events
)
insert into es.streams as s (tenant_id, originator_id, first, last, version, ended, topic)
select $3, stream, min(position), max(position), max(stage) + 1, false, 'work.task'
  from events group by stream
on conflict (tenant_id, originator_id) do update set last = excluded.last, version = excluded.version
"""


async def fill_log(database: Database, events: int, *, stages: int = STAGES) -> None:
    """Fill an empty log with so many events, ``stages`` (1 to 5) for each task, and gathers statistics."""
    codec = PlainCodec()
    kinds = [event for _, version, event in lives(1)][:stages]
    payloads = [codec.encode(event, tenant_id=TENANT).decode() for event in kinds]
    owner = await database.owner()
    try:
        await owner.execute("set synchronous_commit = off")
        for first in range(1, events + 1, _STEP):
            last = min(first + _STEP - 1, events)
            await owner.fetchval("select es.extend($1)", last)
            await owner.execute(
                _FILL.format(together=_TOGETHER, stages=stages),
                first,
                last,
                TENANT,
                USER,
                [event.stored_as for event in kinds],
                [event.class_version for event in kinds],
                payloads,
            )
        await owner.execute("vacuum analyze")
        await owner.execute("checkpoint")
    finally:
        await owner.close()
