create schema placement;

-- Where each tenant's data lie. A tenant without a row is pooled: it shares this database behind row-level
-- security. Only the platform's own database is asked; in that of a silo the table is empty.
create sequence placement.tokens;
create table placement.tenants (
    tenant_id uuid primary key,
    name text not null,
    slug text not null unique,
    kind text not null check (kind in ('pooled', 'silo')),
    region text not null,
    -- The silo: its server as an address without a password, null for the platform's own, and its database there.
    -- A pooled tenant has one while it is being moved to or from it, and until what was left there is purged.
    server text,
    database text,
    redis_prefix text,
    index_prefix text,
    state text not null check (state in ('provisioning', 'ready', 'moving', 'failed')),
    -- Newer with every change, so that whoever keeps a copy sees that there is one.
    token bigint not null default nextval('placement.tokens'),
    updated_at timestamptz not null default clock_timestamp(),
    check (kind = 'pooled' or database is not null),
    check (num_nulls(database, redis_prefix, index_prefix) in (0, 3))
);
create unique index on placement.tenants (coalesce(server, ''), database);

-- Tenants that may not be written in this database: those being moved away from it, which may still be read, and
-- those that were moved and are hidden here.
create table placement.away (
    tenant_id uuid primary key,
    hidden boolean not null default false,
    since timestamptz not null default clock_timestamp()
);

-- Refuses commands of such tenants inside the append's own transaction, so that no process can miss the news. The
-- trigger costs every append a little, so it stays disabled until the first tenant is moved away from here.
-- Whoever has the owner's rights is not refused: the move itself copies with them.
create function placement.refuse() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if session_user = 'headwater_writer' and exists (
        select from arrivals join placement.away using (tenant_id)
    ) then
        raise exception 'The tenant is placed elsewhere, or is on its way there.' using errcode = 'HW001';
    end if;
    return null;
end
$$;
revoke all on function placement.refuse from public;
create trigger placed after insert on es.commands referencing new table as arrivals
    for each statement execute function placement.refuse();
alter table es.commands disable trigger placed;

-- The tenant, unless it is hidden here.
create function placement.here(tenant uuid) returns uuid
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return case when not exists (select from placement.away a where a.tenant_id = tenant and a.hidden) then tenant end;
end
$$;
revoke all on function placement.here from public;
grant execute on function placement.here to headwater_reader, headwater_writer;

do $$
declare
    name text;
begin
    foreach name in array array['tenants', 'away'] loop
        execute format('alter table placement.%I enable row level security', name);
        execute format('alter table placement.%I force row level security', name);
        execute format('create policy owner on placement.%I to current_user using (true) with check (true)', name);
        execute format('create policy writer on placement.%I to headwater_writer using (true) with check (true)', name);
    end loop;
end
$$;
grant usage on schema placement to headwater_reader, headwater_writer;
grant usage on sequence placement.tokens to headwater_writer;
grant select, insert, update, delete on placement.tenants to headwater_writer;
grant select on placement.away to headwater_writer;
