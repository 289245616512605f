create schema keys;

-- The key of each tenant, in generations; wrapped by the master key, which no database ever holds. Under the nil
-- id stands the key of fingerprints, which belongs to no tenant because a value may be unique over all of them.
create table keys.tenant_keys (
    tenant_id uuid not null,
    generation int not null check (generation > 0),
    -- Which master key wrapped it, in the words of the service that keeps that.
    master_key text not null,
    wrapped bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    -- Since when nothing is wrapped under it any more; its wrapped key is empty then.
    retired_at timestamptz,
    primary key (tenant_id, generation),
    check ((retired_at is null) = (length(wrapped) > 0))
);

-- The data keys of people, each under a generation of the tenant's key. A row whose key was destroyed stays, so
-- that nobody makes a new key for a person who was erased.
create table keys.subject_keys (
    tenant_id uuid not null,
    subject_id uuid not null,
    generation int not null check (generation > 0),
    tenant_generation int,
    wrapped bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    destroyed_at timestamptz,
    -- SHA-256 of what was overwritten, for the certificate of an erasure.
    fingerprint text,
    primary key (tenant_id, subject_id, generation),
    foreign key (tenant_id, tenant_generation) references keys.tenant_keys,
    check (num_nonnulls(destroyed_at, fingerprint) = case when length(wrapped) > 0 then 0 else 2 end),
    check ((destroyed_at is null) = (tenant_generation is not null))
) with (
    -- What was overwritten lies in the file until it is vacuumed, and a destroyed key should not lie there long.
    autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0
);
create index subject_keys_under on keys.subject_keys (tenant_id, tenant_generation) where destroyed_at is null;

-- No row-level security: the only role that is in one tenant's scope has no right here at all, and who folds and
-- appends needs the keys of every tenant.
revoke all on schema keys from public;
grant usage on schema keys to headwater_writer;
grant select, insert, update on keys.tenant_keys, keys.subject_keys to headwater_writer;
