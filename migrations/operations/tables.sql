create schema ops;

-- Which generation of a view readers see. Stores of every kind look here, so one transaction that
-- changes these rows cuts all of them over together.
create table ops.views (
    view text primary key,
    store text not null,
    inline boolean not null,
    live int not null
);

-- One row for each generation of a view: how far it has folded, and who folds it.
create table ops.lanes (
    id int generated always as identity unique,
    view text not null,
    generation int not null,
    version int not null,
    shape text,
    -- The fencing token only grows; whoever writes with an older one writes nothing.
    token bigint not null default 0,
    position bigint not null default 0,
    folded bigint not null default 0,
    moved_at timestamptz not null default clock_timestamp(),
    -- Which incarnation of an outside storage the position speaks for; null: of none.
    storage text,
    -- Until this position is folded, rows may be missing.
    refill_until bigint not null default 0,
    -- The worker that holds the lease; null: nobody, and that is right for an inline view.
    holder int,
    read_at timestamptz,
    rate real not null default 0,
    -- Counted since the lane was made, whoever held it.
    pages bigint not null default 0,
    page_seconds float8 not null default 0,
    errors bigint not null default 0,
    error text,
    error_position bigint,
    error_event uuid,
    error_stream uuid,
    attempts int not null default 0,
    failed_at timestamptz,
    primary key (view, generation)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The workers that share the lanes. A worker is alive while its session holds its lock.
create table ops.workers (
    id int generated always as identity primary key,
    name text not null,
    pid int not null,
    started_at timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp()
);

grant usage on schema ops to headwater_reader, headwater_writer;
grant select on ops.views, ops.lanes to headwater_reader;
grant select, insert, update, delete on ops.views, ops.lanes, ops.workers to headwater_writer;
