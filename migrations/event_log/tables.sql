-- Positions are dense: position N is the N-th event ever committed. es.append hands them out.
create table es.events (
    position bigint not null,
    timestamp timestamptz not null,
    tenant_id uuid not null,
    originator_id uuid not null,
    event_id uuid not null,
    command_id uuid not null,
    user_id uuid,
    originator_version int not null,
    version smallint not null,
    topic text not null,
    type text not null,
    correlation_id text not null,
    causation_id text,
    session_id text,
    source text not null,
    environment text not null,
    region text not null,
    payload jsonb not null,
    metadata jsonb not null,
    primary key (position)
) partition by range (position);

-- Every partition has its own unique index by stream besides (es.extend): a unique index on the whole
-- would have to hold the position, and then it would say nothing.
create index on es.events (type, position);
create index on es.events (tenant_id, position);
create index on es.events (correlation_id, position);
-- Times rise with positions but for clocks that jump, so a few bytes per block range do.
create index on es.events using brin (timestamp timestamptz_minmax_multi_ops) with (pages_per_range = 32);

-- Event ids are claimed here because uniqueness across partitions cannot be had in es.events (C-39);
-- it also finds an event by its id.
create table es.event_ids (
    tenant_id uuid not null,
    event_id uuid not null,
    position bigint not null,
    primary key (tenant_id, event_id)
);

-- One row per stream: where it stands, and between which positions its events lie.
create table es.streams (
    tenant_id uuid not null,
    originator_id uuid not null,
    first bigint not null,
    last bigint not null,
    version int not null,
    ended boolean not null,
    topic text not null,
    primary key (tenant_id, originator_id)
) with (fillfactor = 80);

-- One row per command ever accepted; a command without events has first = last + 1.
create table es.commands (
    tenant_id uuid not null,
    command_id uuid not null,
    first bigint not null,
    last bigint not null,
    digest bytea not null,
    primary key (tenant_id, command_id)
);

-- scope_id is the tenant, or the nil id for a value that is unique over all tenants.
create table es.reservations (
    scope_id uuid not null,
    name text not null,
    value text not null,
    tenant_id uuid not null,
    originator_id uuid not null,
    primary key (scope_id, name, value)
);

create table es.snapshots (
    tenant_id uuid not null,
    originator_id uuid not null,
    originator_version int not null,
    class_version int not null,
    timestamp timestamptz not null,
    topic text not null,
    state bytea not null,
    primary key (tenant_id, originator_id, originator_version)
);

-- How many positions a partition holds, and which partitions there are.
create table es.partitioning (
    size bigint not null check (size > 0)
);
insert into es.partitioning values (1000000);
create unique index on es.partitioning ((true));

create table es.partitions (
    first bigint primary key,
    last bigint not null
);
