-- What each process of the product has said of itself last: a row each, for a day after it said so.
create table ops.service_health (
    service text not null,
    instance text not null,
    region text not null,
    status text not null check (status in ('ready', 'degraded', 'unavailable')),
    response_ms real not null,
    errors int not null,
    checked_at timestamptz not null default clock_timestamp(),
    primary key (service, instance)
);

grant select, insert, update, delete on ops.service_health to headwater_writer;

comment on table ops.service_health is 'What each process of the product has said of itself last. Kept for a day after it did.';
comment on column ops.service_health.service is 'What kind of process it is: api or worker.';
comment on column ops.service_health.instance is 'Its host and number there.';
comment on column ops.service_health.region is 'Where it runs.';
comment on column ops.service_health.status is 'ready, degraded, or unavailable.';
comment on column ops.service_health.response_ms is 'Milliseconds that looking took.';
comment on column ops.service_health.errors is 'Errors that it has logged since it said so before.';
comment on column ops.service_health.checked_at is 'When it said so.';
