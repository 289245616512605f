-- Stores a batch of commands, each whole or not at all, and says what became of each.
--
-- The commands of a batch must be strangers to one another (no stream, reservation or command id is
-- touched by two of them), so one set-based statement can decide all of them at once.
--
-- Arrays: one element per command (counts = its number of events); one per event, in the order of
-- commands; one per check (a topic makes it a reference, otherwise it guards a version); one per
-- hold (takes = reserve, else release). *_commands are numbers of commands from 1.
--
-- verdicts: 0 stored, 1 stored before, 2 id stored with other content, 3 stream moved, 4 guard moved,
-- 5 reference missing, 6 reservation taken, 7 malformed. places: the guilty event, check or hold from 1.
create function es.append(
    known_head bigint,
    tenants uuid[], commands uuid[], digests bytea[], counts int[],
    correlations text[], causations text[], users uuid[], sessions text[],
    sources text[], environments text[], regions text[], metadatas jsonb[],
    event_commands int[], event_ids uuid[], topics text[], originators uuid[], versions int[],
    types text[], schemas smallint[], timestamps timestamptz[], payloads jsonb[], endings boolean[],
    check_commands int[], check_originators uuid[], check_topics text[], check_versions int[],
    hold_commands int[], hold_takes boolean[], hold_scopes uuid[], hold_names text[],
    hold_values text[], hold_originators uuid[],
    out verdicts smallint[], out places int[], out firsts bigint[], out lasts bigint[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- The arrays are small and the tables large: planned once, and always through the indexes. Plans made
-- while the tables were empty would otherwise read them whole later.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    head bigint;
    tail bigint;
    reach bigint;
    shifts bigint[];
    failure record;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'es.append needs read committed: it must see what was committed before its lock.';
    end if;
    perform pg_advisory_xact_lock(7311902764001);

    -- The known head leaves old partitions out. A row that holds the head would be cheaper to find, but
    -- every batch would leave a dead version of it, and a long transaction elsewhere keeps them all.
    select position into head from es.events where position >= known_head order by position desc limit 1;
    if head is null then
        if known_head > 0 then
            raise exception 'The log does not reach position %, which the appender had seen.', known_head
                using errcode = 'data_corrupted';
        end if;
        head := 0;
    end if;

    select array_agg(verdict order by n), array_agg(place order by n),
           array_agg(first order by n), array_agg(last order by n)
      into verdicts, places, firsts, lasts
      from (
        select c.n, k.first, k.last, s.place,
               case when k.command_id is not null then case when k.digest = c.digest then 1 else 2 end
                    else coalesce(s.verdict, 0) end::smallint as verdict
          from unnest(tenants, commands, digests) with ordinality as c(tenant_id, command_id, digest, n)
          left join es.commands k on k.tenant_id = c.tenant_id and k.command_id = c.command_id
          left join (
            select t.n, min(t.place) as place, max(case when t.malformed then 7 else 3 end) as verdict
              from (
                select n, originator_id, min(version) as low, min(topic) as topic, min(place)::int as place,
                       max(version) - min(version) + 1 <> count(*) or min(topic) <> max(topic)
                       or coalesce(max(version) filter (where ends) <> max(version), false) as malformed
                  from unnest(event_commands, originators, versions, topics, endings)
                       with ordinality as e(n, originator_id, version, topic, ends, place)
                 group by n, originator_id
              ) t
              left join es.streams s on s.tenant_id = tenants[t.n] and s.originator_id = t.originator_id
             where t.malformed or t.low <> coalesce(s.version, 0) + 1 or s.ended or s.topic <> t.topic
             group by t.n
          ) s on s.n = c.n
      ) decided;

    if cardinality(check_commands) > 0 then
        for failure in
            select c.n, min(c.place)::int as place
              from unnest(check_commands, check_originators, check_topics, check_versions)
                   with ordinality as c(n, originator_id, topic, version, place)
              left join es.streams s on s.tenant_id = tenants[c.n] and s.originator_id = c.originator_id
             where case when c.topic is null then coalesce(s.version, 0) <> c.version
                        else s.originator_id is null or s.topic <> c.topic or s.ended end
             group by c.n
        loop
            if verdicts[failure.n] = 0 then
                verdicts[failure.n] := case when check_topics[failure.place] is null then 4 else 5 end;
                places[failure.n] := failure.place;
            end if;
        end loop;
    end if;

    if cardinality(hold_commands) > 0 then
        for failure in
            select h.n, min(h.place)::int as place
              from unnest(hold_commands, hold_takes, hold_scopes, hold_names, hold_values, hold_originators)
                   with ordinality as h(n, takes, scope_id, name, value, originator_id, place)
              join es.reservations r
                on r.scope_id = h.scope_id and r.name = h.name and r.value = h.value
             where h.takes and (r.tenant_id, r.originator_id) <> (tenants[h.n], h.originator_id)
               and not exists (
                    select from unnest(hold_commands, hold_takes, hold_scopes, hold_names, hold_values,
                                       hold_originators) as g(n, takes, scope_id, name, value, originator_id)
                     where g.n = h.n and not g.takes and g.scope_id = h.scope_id and g.name = h.name
                       and g.value = h.value and g.originator_id = r.originator_id
                       and r.tenant_id = tenants[g.n])
             group by h.n
        loop
            if verdicts[failure.n] = 0 then
                verdicts[failure.n] := 6;
                places[failure.n] := failure.place;
            end if;
        end loop;
    end if;

    -- An event's position is its number in the batch plus the shift of its command.
    select array_agg(case when v.verdict = 0 then head + v.upto - v.events + 1 else v.first end order by v.n),
           array_agg(case when v.verdict = 0 then head + v.upto else v.last end order by v.n),
           array_agg(head + v.upto - v.sent order by v.n),
           head + coalesce(max(v.upto), 0)
      into firsts, lasts, shifts, tail
      from (
        select n, first, last, verdict, case when verdict = 0 then events else 0 end as events,
               sum(case when verdict = 0 then events else 0 end) over w as upto, sum(events) over w as sent
          from unnest(counts, verdicts, firsts, lasts) with ordinality as c(events, verdict, first, last, n)
        window w as (order by n rows unbounded preceding)
      ) v;

    if tail > head then
        select max(last) into reach from es.partitions;
        if reach is null or reach < tail then
            perform es.extend(tail);
        end if;

        insert into es.events (
            position, timestamp, tenant_id, originator_id, event_id, command_id, user_id, originator_version,
            version, topic, type, correlation_id, causation_id, session_id, source, environment, region,
            payload, metadata)
        select shifts[n] + place, timestamp, tenants[n], originator_id, event_id, commands[n], users[n],
               originator_version, version, topic, type, correlations[n], causations[n], sessions[n],
               sources[n], environments[n], regions[n], payload, metadatas[n]
          from unnest(event_commands, event_ids, topics, originators, versions, types, schemas, timestamps,
                      payloads)
               with ordinality as e(n, event_id, topic, originator_id, originator_version, type, version,
                                    timestamp, payload, place)
         where verdicts[n] = 0;

        insert into es.event_ids (tenant_id, event_id, position)
        select tenants[n], event_id, shifts[n] + place
          from unnest(event_commands, event_ids) with ordinality as e(n, event_id, place)
         where verdicts[n] = 0;

        insert into es.streams as s (tenant_id, originator_id, first, last, version, ended, topic)
        select tenants[n], originator_id, min(shifts[n] + place), max(shifts[n] + place), max(version),
               bool_or(ends), min(topic)
          from unnest(event_commands, originators, versions, topics, endings)
               with ordinality as e(n, originator_id, version, topic, ends, place)
         where verdicts[n] = 0
         group by n, originator_id
        on conflict (tenant_id, originator_id) do update
           set last = excluded.last, version = excluded.version, ended = excluded.ended;
    end if;

    insert into es.commands (tenant_id, command_id, first, last, digest)
    select tenant_id, command_id, firsts[n], lasts[n], digest
      from unnest(tenants, commands, digests) with ordinality as c(tenant_id, command_id, digest, n)
     where verdicts[n] = 0;

    if cardinality(hold_commands) > 0 then
        delete from es.reservations r
         using unnest(hold_commands, hold_takes, hold_scopes, hold_names, hold_values, hold_originators)
               as h(n, takes, scope_id, name, value, originator_id)
         where verdicts[h.n] = 0 and not h.takes
           and r.scope_id = h.scope_id and r.name = h.name and r.value = h.value
           and r.tenant_id = tenants[h.n] and r.originator_id = h.originator_id;

        insert into es.reservations (scope_id, name, value, tenant_id, originator_id)
        select scope_id, name, value, tenants[n], originator_id
          from unnest(hold_commands, hold_takes, hold_scopes, hold_names, hold_values, hold_originators)
               as h(n, takes, scope_id, name, value, originator_id)
         where verdicts[n] = 0 and takes
        on conflict do nothing;
    end if;

    -- One hint per batch. It is left out when a listener that stopped reading has half filled the
    -- server's queue, because a full queue would refuse the commit; followers poll besides.
    if tail > head and pg_notification_queue_usage() < 0.5 then
        perform pg_notify('headwater_log', tail::text);
    end if;
end
$$;
revoke all on function es.append from public;
grant execute on function es.append to headwater_writer;
