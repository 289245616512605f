-- Accesses that are recorded where a tenant is about to leave, or has left, are to be taken along: see
-- app.placement.late_accesses.
alter table placement.away
    add column accesses_from timestamptz,
    add column accesses_noted bigint not null default 0;
comment on column placement.away.accesses_from is
    'When the oldest access was read that was recorded here since, and is still to be taken along.';
comment on column placement.away.accesses_noted is 'How often such accesses were recorded.';

-- Whoever has the owner's rights copies, and notes nothing. Who is to forget a note waits for the row's lock, and so
-- for what is being recorded.
create function placement.note_accesses() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if session_user = 'headwater_writer' then
        update placement.away a
           set accesses_from = least(a.accesses_from, late.first), accesses_noted = a.accesses_noted + 1
          from (select tenant_id, min(at) as first from arrivals group by tenant_id) late
         where a.tenant_id = late.tenant_id;
    end if;
    return null;
end
$$;
revoke all on function placement.note_accesses from public;
create trigger late after insert on audit.data_access referencing new table as arrivals
    for each statement execute function placement.note_accesses();
