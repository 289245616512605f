-- What is in the log stays: refused to everyone, the owner included.
create function es.refuse() returns trigger language plpgsql as $$
begin
    raise exception 'The event log is append-only: % on %.% is refused.', tg_op, tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

-- Statement triggers are not inherited by partitions, so each partition is sealed by itself.
create function es.seal(target regclass) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    execute format('create trigger append_only before update or delete or truncate on %s '
                   'for each statement execute function es.refuse()', target);
    -- "always": also in a session that replays replication, where triggers are otherwise silent.
    execute format('alter table %s enable always trigger append_only', target);
end
$$;
revoke all on function es.seal from public;
select es.seal('es.events');

-- The tenant in scope; null when none is, and then every policy below is false.
create function es.tenant() returns uuid language sql stable
    return nullif(current_setting('headwater.tenant', true), '')::uuid;

do $$
declare
    name text;
begin
    foreach name in array array['events', 'event_ids', 'streams', 'commands', 'reservations', 'snapshots'] loop
        execute format('alter table es.%I enable row level security', name);
        execute format('alter table es.%I force row level security', name);
        execute format('create policy owner on es.%I to current_user using (true) with check (true)', name);
        execute format('create policy writer on es.%I to headwater_writer using (true) with check (true)', name);
        -- The sub-select makes Postgres ask for the tenant once per statement, not once per row.
        execute format('create policy tenant on es.%I for select to headwater_reader '
                       'using (tenant_id = (select es.tenant()))', name);
        execute format('grant select on es.%I to headwater_reader, headwater_writer', name);
    end loop;
end
$$;
grant usage on schema es to headwater_reader, headwater_writer;
grant insert, update, delete on es.snapshots to headwater_writer;
grant select on es.partitions, es.partitioning to headwater_writer;
