-- The schema is shared with the view audit.activity_log.
create schema if not exists audit;

-- Who read what: one row for each operation. It holds ids and names of fields, and no value of any field.
create table audit.data_access (
    tenant_id uuid not null,
    at timestamptz not null,
    id bigint generated always as identity,
    user_id uuid,
    session_id text,
    -- How they showed who they are: person, service, key, nobody.
    kind text not null,
    -- The operation's name; empty when it has none.
    operation text not null,
    root_fields text[] not null,
    -- Which fields of which types were answered, as Task.title.
    fields text[] not null,
    -- The persons whose data it was.
    subjects uuid[] not null,
    -- The confidential fields that were shown in plain.
    revealed text[] not null,
    correlation_id text,
    -- done, refused, denied or failed.
    outcome text not null,
    primary key (at, id)
) partition by range (at);

create index data_access_tenant on audit.data_access (tenant_id, at desc, id desc);
create index data_access_user on audit.data_access (tenant_id, user_id, at desc, id desc);

-- From when on a log is kept. What is older was removed, and is not written again: neither by a rebuild, for the
-- kit's stores look here, nor by an access that was noted late.
create table audit.retention (
    log text primary key,
    since timestamptz not null,
    changed_at timestamptz not null default clock_timestamp()
);

-- What a month had held when it was dropped: SHA-256 over its rows, each as JSON on a line, in order.
create table audit.anchors (
    log text not null,
    month date not null,
    tenant_id uuid not null,
    rows bigint not null,
    first timestamptz not null,
    last timestamptz not null,
    hash bytea not null,
    dropped_at timestamptz not null default clock_timestamp(),
    primary key (log, month, tenant_id)
);

-- Makes the partition of a month, and gives its name; one of a month that was dropped is refused.
create function audit.make_month(of timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- The session may be in any time zone; months begin in UTC.
    begins timestamp := date_trunc('month', of at time zone 'UTC');
    part text := format('audit.data_access_%s', to_char(begins, 'YYYY_MM'));
begin
    if to_regclass(part) is not null then
        return part;
    end if;
    perform pg_advisory_xact_lock(7311902764008);
    if to_regclass(part) is not null then
        return part;
    end if;
    if begins at time zone 'UTC' < (select since from audit.retention where log = 'audit.data_access') then
        raise exception 'The accesses of % are no longer kept.', to_char(begins, 'YYYY-MM');
    end if;
    execute format('create table %s (like audit.data_access including all excluding identity)', part);
    execute format('alter table %s enable row level security', part);
    execute format('alter table %s force row level security', part);
    -- What is on record stays as it is, for the owner too; a month is only ever dropped as a whole.
    execute format('create trigger append_only before update or delete or truncate on %s '
                   'for each statement execute function audit.refuse()', part);
    execute format('alter table %s enable always trigger append_only', part);
    execute format('alter table audit.data_access attach partition %s for values from (%L) to (%L)', part,
                   begins at time zone 'UTC', (begins + interval '1 month') at time zone 'UTC');
    return part;
end
$$;
revoke all on function audit.make_month from public;
grant execute on function audit.make_month to headwater_writer;

create function audit.refuse() returns trigger language plpgsql as $$
begin
    raise exception 'The record of accesses is append-only: % on %.% is refused.',
        tg_op, tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete or truncate on audit.data_access
    for each statement execute function audit.refuse();

do $$
declare
    name text;
begin
    foreach name in array array['data_access', 'anchors'] loop
        execute format('alter table audit.%I enable row level security', name);
        execute format('alter table audit.%I force row level security', name);
        execute format('create policy owner on audit.%I to current_user using (true) with check (true)', name);
        execute format('create policy writer on audit.%I to headwater_writer using (true) with check (true)', name);
        -- The sub-select makes Postgres ask for the tenant once per statement, not once per row.
        execute format('create policy tenant on audit.%I for select to headwater_reader '
                       'using (tenant_id = (select es.tenant()))', name);
        execute format('grant select on audit.%I to headwater_reader', name);
        execute format('grant select, insert on audit.%I to headwater_writer', name);
    end loop;
end
$$;
grant usage on schema audit to headwater_reader, headwater_writer;
grant select on audit.retention to headwater_reader, headwater_writer;
grant insert, update on audit.retention to headwater_writer;

do $$
begin
    perform audit.make_month(now() + make_interval(months => month)) from generate_series(0, 2) month;
end
$$;
