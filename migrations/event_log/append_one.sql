-- es.append for the commonest batch, one command of one event without checks or holds: the same rules
-- and the same verdicts on scalars, at two thirds of the cost. Whoever changes one changes the other.
--
-- verdict: 0 stored, 1 stored before, 2 id stored with other content, 3 stream moved.
create function es.append_one(
    known_head bigint,
    tenant uuid, command uuid, command_digest bytea,
    correlation text, causation text, caller uuid, session text,
    event_source text, event_environment text, event_region text, event_metadata jsonb,
    event uuid, stream_topic text, stream uuid, stream_version int,
    event_type text, schema_version smallint, moment timestamptz, event_payload jsonb, ending boolean,
    out verdict smallint, out first bigint, out last bigint
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- As for es.append: planned once, and always through the indexes.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    head bigint;
    reach bigint;
    same boolean;
    stands int;
    fits boolean;
    fresh boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'es.append_one needs read committed: it must see what was committed before its lock.';
    end if;
    perform pg_advisory_xact_lock(7311902764001);

    select (select position from es.events where position >= known_head order by position desc limit 1),
           (select max(p.last) from es.partitions p)
      into head, reach;
    if head is null then
        if known_head > 0 then
            raise exception 'The log does not reach position %, which the appender had seen.', known_head
                using errcode = 'data_corrupted';
        end if;
        head := 0;
    end if;

    select k.first, k.last, k.digest = command_digest into first, last, same
      from es.commands k where k.tenant_id = tenant and k.command_id = command;
    if found then
        verdict := case when same then 1 else 2 end;
        return;
    end if;

    select s.version, not s.ended and s.topic = stream_topic into stands, fits
      from es.streams s where s.tenant_id = tenant and s.originator_id = stream;
    fresh := not found;
    if stream_version <> coalesce(stands, 0) + 1 or not coalesce(fits, true) then
        verdict := 3;
        return;
    end if;

    verdict := 0;
    first := head + 1;
    last := head + 1;
    if reach is null or reach <= head then
        perform es.extend(head + 1);
    end if;
    insert into es.events (
        position, timestamp, tenant_id, originator_id, event_id, command_id, user_id, originator_version,
        version, topic, type, correlation_id, causation_id, session_id, source, environment, region,
        payload, metadata)
    values (
        head + 1, moment, tenant, stream, event, command, caller, stream_version,
        schema_version, stream_topic, event_type, correlation, causation, session, event_source,
        event_environment, event_region, event_payload, event_metadata);
    insert into es.event_ids (tenant_id, event_id, position) values (tenant, event, head + 1);
    if fresh then
        insert into es.streams (tenant_id, originator_id, first, last, version, ended, topic)
        values (tenant, stream, head + 1, head + 1, stream_version, ending, stream_topic);
    else
        update es.streams s set last = head + 1, version = stream_version, ended = ending
         where s.tenant_id = tenant and s.originator_id = stream;
    end if;
    insert into es.commands (tenant_id, command_id, first, last, digest)
    values (tenant, command, head + 1, head + 1, command_digest);

    -- See es.append for why the hint may be left out.
    if pg_notification_queue_usage() < 0.5 then
        perform pg_notify('headwater_log', (head + 1)::text);
    end if;
end
$$;
revoke all on function es.append_one from public;
grant execute on function es.append_one to headwater_writer;
