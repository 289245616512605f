-- Makes partitions until the position has one; returns the last position that has one.
-- A new table is attached when it is finished, which locks out neither readers nor appenders;
-- "create table ... partition of" would wait for every running read, and everyone behind it.
create function es.extend(upto bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    reach bigint;
    span bigint;
    part text;
begin
    select coalesce(max(last), 0) into reach from es.partitions;
    if reach >= upto then
        return reach;
    end if;
    perform pg_advisory_xact_lock(7311902764002);
    select size into span from es.partitioning;
    select coalesce(max(last), 0) into reach from es.partitions;
    while reach < upto loop
        part := format('es.events_from_%s', reach + 1);
        execute format('create table %s (like es.events including all)', part);
        execute format('create unique index on %s (tenant_id, originator_id, originator_version)', part);
        execute format('alter table %s enable row level security', part);
        execute format('alter table %s force row level security', part);
        perform es.seal(part::regclass);
        execute format('alter table es.events attach partition %s for values from (%s) to (%s)',
                       part, reach + 1, reach + span + 1);
        insert into es.partitions values (reach + 1, reach + span);
        reach := reach + span;
    end loop;
    return reach;
end
$$;
revoke all on function es.extend from public;

-- Makes sure that one whole partition lies ready beyond the head; returns the last position that has one.
create function es.prepare() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return es.extend((select coalesce(max(position), 0) from es.events) + (select size from es.partitioning));
end
$$;
revoke all on function es.prepare from public;
grant execute on function es.prepare to headwater_writer;
