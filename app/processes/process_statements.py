"""The SQL of processes: what they react with, what comes of it, and what is tried next, in turns."""

from functools import lru_cache

LOAD = """
select k.process, k.tenant_id, k.instance, i.version, i.state,
       exists (select from processes.ledger l
                where l.process = k.process and l.tenant_id = k.tenant_id and l.instance = k.instance
                  and l.kind in ('event', 'timer', 'outcome') and l.finished_at is null) as blocked
  from unnest($1::text[], $2::uuid[], $3::text[]) as k(process, tenant_id, instance)
  left join processes.instances i
    on i.process = k.process and i.tenant_id = k.tenant_id and i.instance = k.instance
"""
"""Parameters: processes, tenants and instances, one array each. ``blocked``: has to wait until an earlier reaction
has been repaired."""

# Locked in order of their names, as everybody does. A page is reacted to once: where the answer to a save was
# lost, the lane stands beyond already.
_FENCE = """given as (
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as g(process, token, after, until)
), held as materialized (
    select l.process, g.until from processes.lanes l join given g using (process, token)
     where l.position <= g.after order by l.process for update of l
), moved as (
    update processes.lanes l set position = h.until, moved_at = clock_timestamp()
      from held h where l.process = h.process
    returning l.process
), passing as (
    select * from unnest($5::text[], $6::bigint[], $7::bigint[]) as p(process, token, position)
), idle as materialized (
    -- Nobody is waited for once the lanes above are locked.
    select l.process from processes.lanes l join passing p using (process, token)
     where l.position < p.position and (select count(*) from held) >= 0
     order by l.process for update of l skip locked
), passed as (
    update processes.lanes l set position = p.position, moved_at = clock_timestamp()
      from passing p join idle using (process) where l.process = p.process
    returning l.process
)"""
_ANSWER = "process, false as passed from moved union all select process, true from passed"
_FENCED = 8
"""The number of the first parameter behind those of the fence."""

_INSTANCE = "process text, tenant_id uuid, instance text"
_ORIGIN = "event_id uuid, position bigint, correlation_id text"
_SAME = "t.process = k.process and t.tenant_id = k.tenant_id and t.instance = k.instance"
_PARTS = {
    "voided": (
        f"{_INSTANCE}, name text, but text[]",
        f"delete from processes.timers t using {{given}} where {_SAME}"
        " and (t.name = k.name or k.name is null and t.name <> all(k.but)) and {let_through}",
    ),
    "gone": (
        _INSTANCE,
        f"delete from processes.instances t using {{given}} where {_SAME} and {{let_through}}",
    ),
    "withdrawn": (
        f"{_INSTANCE}, kind text, name text, at timestamptz",
        "update processes.ledger t set status = 'withdrawn', finished_at = k.at from {given}"
        f" where {_SAME} and t.kind = k.kind and t.name = k.name and t.finished_at is null and {{let_through}}",
    ),
    "kept": (
        f"{_INSTANCE}, version int, state jsonb",
        """insert into processes.instances (tenant_id, process, instance, version, state)
           select tenant_id, process, instance, version, state from {given} where {let_through}
           on conflict (process, tenant_id, instance) do update
              set version = excluded.version, state = excluded.state, changed_at = clock_timestamp()""",
    ),
    "scheduled": (
        f"{_INSTANCE}, name text, id uuid, due_at timestamptz, {_ORIGIN}",
        """insert into processes.timers
                  (tenant_id, process, instance, name, id, due_at, event_id, position, correlation_id)
           select tenant_id, process, instance, name, id, due_at, event_id, position, correlation_id
             from {given} where {let_through}
           on conflict (process, tenant_id, instance, name) do update
              set id = excluded.id, due_at = excluded.due_at, event_id = excluded.event_id,
                  position = excluded.position, correlation_id = excluded.correlation_id""",
    ),
    "entries": (
        f"{_INSTANCE}, cause uuid, key text, kind text, name text, payload jsonb, attempts int,"
        f" next_at timestamptz, status text, error text, {_ORIGIN}, made_at timestamptz, finished_at timestamptz",
        # Their ids grow in the order in which they were given.
        """insert into processes.ledger
                  (tenant_id, process, instance, cause, key, kind, name, payload, attempts, next_at, status, error,
                   event_id, position, correlation_id, made_at, finished_at)
           select tenant_id, process, instance, cause, key, kind, name, payload, attempts, next_at, status, error,
                  event_id, position, correlation_id, made_at, finished_at
             from {given} where {let_through}""",
    ),
}
"""For each part of what reactions change, the columns of its rows and what is done with them. No row is touched by
two parts, for all of them see what was there before."""


@lru_cache
def save(parts: tuple[str, ...], *, fenced: bool) -> str:
    """Write these parts of what reactions changed, each of which takes its rows as one JSON array of objects.

    ``fenced``: moves lanes too, and writes for none whose lease is lost or that stands behind its page already;
    answers the processes let through. Parameters before those of the parts: their names, their tokens, the
    positions that the events follow on, and where their lanes go on to, one array each; then names, tokens and
    positions of processes that do not react to what they have read, which are moved too unless somebody has them
    locked, and answered as ``passed``.
    """
    let_through = "k.process = any(array(select process from moved))" if fenced else "true"
    statements = [_FENCE] if fenced else []
    for number, part in enumerate(parts, _FENCED if fenced else 1):
        columns, statement = _PARTS[part]
        given = f"json_to_recordset(${number}::json) as k({columns})"
        statements.append(f"{part} as ({statement.format(given=given, let_through=let_through)})")
    return f"with {', '.join(statements)} select {_ANSWER if fenced else ''}"


FAR = "({at} > $3 + interval '12 hours' and {at} < $3 + interval '100 years')"
"""A moment further away than any pause was set by a clock that has gone back; what rests is further away still."""

WAITING = f"""
select m.process from unnest($1::text[], $2::bigint[]) as m(process, token)
 where exists (select from processes.timers t where t.process = m.process and t.due_at <= $3)
    or exists (select from processes.ledger l
                where l.process = m.process and l.status = 'running' and l.token < m.token)
    or exists (select from processes.ledger l
                where l.process = m.process and l.status = 'pending'
                  and (l.next_at <= $3 or {FAR.format(at="l.next_at")}))
"""
"""Those of some processes, named with the tokens of their leases, for which there may be a timer to fire or
something to try."""

_RETURNING = """returning id, tenant_id, instance, cause, key, kind, name, payload, attempts, event_id, position,
          correlation_id, discard, result"""

# A row that was being tried under an older lease is free: its holder is gone, or is refused when it wakes up.
#
# Tenants take turns, counted with what each has under way: a long queue of one holds up nobody else. The recursion
# steps from tenant to tenant along ledger_turns, so what is read grows with tenants and not with queues.
CLAIM = f"""
with recursive tenants as (
    (select tenant_id as id from processes.ledger
      where process = $1 and finished_at is null order by tenant_id limit 1)
    union all
    select (select l.tenant_id from processes.ledger l
             where l.process = $1 and l.finished_at is null and l.tenant_id > t.id
             order by l.tenant_id limit 1)
      from tenants t where t.id is not null
), under_way as (
    select tenant_id, count(*) as count from processes.ledger
     where process = $1 and status = 'running' and token = $2 group by tenant_id
)
update processes.ledger set status = 'running', attempts = attempts + 1, token = $2
 where id in (
       select next.id
         from tenants t
         left join under_way on under_way.tenant_id = t.id
        cross join lateral (
              select l.id, row_number() over (order by l.id) as turn from processes.ledger l
               where l.process = $1 and l.tenant_id = t.id and l.finished_at is null
                 and (l.status = 'pending' and (l.next_at <= $3 or {FAR.format(at="l.next_at")})
                      or l.status = 'running' and l.token < $2)
                 and not exists (select from processes.ledger e
                                  where e.process = l.process and e.tenant_id = l.tenant_id
                                    and e.instance = l.instance and e.finished_at is null and e.id < l.id)
               order by l.id limit $4) next
        order by next.turn + coalesce(under_way.count, 0), next.id limit $4)
{_RETURNING}
"""

_QUEUE = "split_part(l.instance, '/', 1)"
_FIRST = """not exists (select from processes.ledger e
                             where e.process = l.process and e.tenant_id = l.tenant_id
                               and e.instance = l.instance and e.finished_at is null and e.id < l.id)"""
_HERE = f"l.process = $1 and l.tenant_id = q.tenant_id and {_QUEUE} = q.queue"
_FREE = "greatest(0, least($4, $5 - coalesce(u.count, 0)))"

# The same by queues, each with so many under way at most. Those of a queue that wait for a later moment are not
# looked at: they stand behind the others in ledger_queue_due.
CLAIM_EACH = f"""
with recursive queues as (
    (select l.tenant_id, {_QUEUE} as queue from processes.ledger l
      where l.process = $1 and l.finished_at is null order by 1, 2 limit 1)
    union all
    select n.tenant_id, n.queue from queues q cross join lateral (
           select l.tenant_id, {_QUEUE} as queue from processes.ledger l
            where l.process = $1 and l.finished_at is null and (l.tenant_id, {_QUEUE}) > (q.tenant_id, q.queue)
            order by l.tenant_id, {_QUEUE} limit 1) n
), under_way as (
    select l.tenant_id, {_QUEUE} as queue, count(*) as count from processes.ledger l
     where l.process = $1 and l.status = 'running' and l.token = $2 group by 1, 2
), of_tenants as (
    select tenant_id, sum(count) as count from under_way group by 1
), next as (
    select f.id, q.tenant_id, f.turn + coalesce(u.count, 0) as turn
      from queues q
      left join under_way u on u.tenant_id = q.tenant_id and u.queue = q.queue
     cross join lateral (
           select id, row_number() over (order by at, id) as turn from (
                  (select l.id, '-infinity'::timestamptz as at from processes.ledger l
                    where {_HERE} and l.status = 'running' and l.token < $2 and {_FIRST}
                    order by l.id limit {_FREE})
                  union all
                  (select l.id, l.next_at from processes.ledger l
                    where {_HERE} and l.status = 'pending' and l.next_at <= $3 and {_FIRST}
                    order by l.next_at, l.id limit {_FREE})
                  union all
                  (select l.id, l.next_at from processes.ledger l
                    where {_HERE} and l.status = 'pending' and {FAR.format(at="l.next_at")} and {_FIRST}
                    order by l.next_at, l.id limit {_FREE})) found
            order by at, id limit {_FREE}) f
), turns as (
    select n.id, row_number() over (partition by n.tenant_id order by n.turn, n.id) + coalesce(t.count, 0) as turn
      from next n left join of_tenants t on t.tenant_id = n.tenant_id
)
update processes.ledger set status = 'running', attempts = attempts + 1, token = $2
 where id in (select id from turns order by turn, id limit $4)
{_RETURNING}
"""
