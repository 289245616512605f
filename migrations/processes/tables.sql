create schema processes;

-- How far each process has read the log. It begins at the head when it is first enrolled, so it never reacts to
-- what was before it. Whoever writes anything for a process locks this row first, with the newest token.
create table processes.lanes (
    process text primary key,
    id int generated always as identity unique,
    -- The newest version of the code that ever held it; older code is refused.
    version int not null,
    token bigint not null default 0,
    since bigint not null,
    position bigint not null,
    moved_at timestamptz not null default clock_timestamp(),
    error text,
    failed_at timestamptz
) with (fillfactor = 50);

-- Who holds a lane, and when that was last seen. Apart from the lane, so that a page under way delays no beat.
create table processes.holders (
    process text primary key references processes.lanes on delete cascade,
    holder text not null,
    pid int not null,
    beat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- The state of each instance.
create table processes.instances (
    tenant_id uuid not null,
    process text not null,
    instance text not null,
    version int not null,
    state jsonb not null,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (process, tenant_id, instance)
);

-- Timers that have not fired. A timer's id follows from what scheduled it; the ledger keeps it when it fires.
create table processes.timers (
    tenant_id uuid not null,
    process text not null,
    instance text not null,
    name text not null,
    id uuid not null,
    due_at timestamptz not null,
    event_id uuid not null,
    position bigint not null,
    correlation_id text not null,
    primary key (process, tenant_id, instance, name)
);
create index on processes.timers (process, due_at);

-- What was wished for, and what came of it: one row for each (process, cause, key), for good.
-- The cause is the event that was reacted to, or the timer or outcome, whose ids follow from their own causes.
create table processes.ledger (
    id bigint generated always as identity primary key,
    tenant_id uuid not null,
    process text not null,
    instance text not null,
    cause uuid not null,
    key text not null,
    -- Effects and commands; and reactions (to an event, a timer, an outcome) that failed, or wait behind one.
    kind text not null check (kind in ('effect', 'command', 'event', 'timer', 'outcome')),
    name text not null,
    payload jsonb not null,
    status text not null default 'pending'
        check (status in ('pending', 'running', 'parked', 'done', 'failed', 'withdrawn', 'discarded')),
    attempts int not null default 0,
    next_at timestamptz not null,
    -- The lease under which it was last tried.
    token bigint not null default 0,
    -- The event it all began with.
    event_id uuid not null,
    position bigint not null,
    correlation_id text not null,
    error text,
    result jsonb,
    -- Why an operator gave it up; the lane's holder then ends it.
    discard text,
    made_at timestamptz not null,
    finished_at timestamptz,
    unique (process, tenant_id, cause, key)
);
create index ledger_open on processes.ledger (process, tenant_id, instance, id) where finished_at is null;
create index ledger_due on processes.ledger (process, next_at) where status = 'pending';
create index ledger_running on processes.ledger (process) where status = 'running';
create index ledger_parked on processes.ledger (process, id) where status = 'parked';

do $$
declare
    name text;
begin
    foreach name in array array['instances', 'timers', 'ledger'] loop
        execute format('alter table processes.%I enable row level security', name);
        execute format('alter table processes.%I force row level security', name);
        execute format('create policy owner on processes.%I to current_user using (true) with check (true)', name);
        execute format('create policy writer on processes.%I to headwater_writer using (true) with check (true)', name);
        -- The sub-select makes Postgres ask for the tenant once per statement, not once per row.
        execute format('create policy tenant on processes.%I for select to headwater_reader '
                       'using (tenant_id = (select es.tenant()))', name);
        execute format('grant select on processes.%I to headwater_reader', name);
    end loop;
end
$$;
grant usage on schema processes to headwater_reader, headwater_writer;
grant select on processes.lanes, processes.holders to headwater_reader;
grant select, insert, update, delete on all tables in schema processes to headwater_writer;
