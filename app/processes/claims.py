"""What is tried next of a process's ledger: in turns, so that nobody's long queue holds up another's."""

FAR = "({at} > $3 + interval '12 hours' and {at} < $3 + interval '100 years')"
"""A moment further away than any pause was set by a clock that has gone back; what rests is further away still."""

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
