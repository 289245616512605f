-- A lane's phase: 'building' while a rebuilder fills it in bulk, 'following' while workers follow the log
-- into it, 'repairing' while a rebuilder puts one tenant's rows in place and nobody else writes, 'dropped'
-- once readers have left it. Rows of dropped generations stay, so that neither their
-- numbers nor their fencing tokens are given out again.
alter table ops.lanes
    add column phase text not null default 'following'
        check (phase in ('building', 'following', 'repairing', 'dropped')),
    -- When readers were last sent to it; null: never.
    add column served_at timestamptz,
    -- Set: it is built for this tenant alone, to be put in place of its rows in the live generation.
    add column tenant_id uuid,
    -- When its storage may go; null: not yet known to be of no use.
    add column drop_at timestamptz;

update ops.lanes l set served_at = clock_timestamp()
  from ops.views v where v.view = l.view and v.live = l.generation;

-- The generation that code of this version reads, and keeps inline: the live one when it is of that version,
-- else the one of that version that was live last. Code of yesterday goes on with yesterday's rows.
create function ops.serving(wanted text, of_version int) returns int
    language sql stable parallel safe
as $$
    select l.generation
      from ops.lanes l join ops.views v using (view)
     where l.view = wanted and l.version = of_version and l.served_at is not null and l.phase <> 'dropped'
     order by (l.generation = v.live) desc, l.served_at desc
     limit 1
$$;

-- What operators, or a new version of the code, asked to be built.
create table ops.rebuilds (
    id uuid primary key,
    -- 'rebuild': to be cut over to; 'reconcile': to be compared only; 'version': for a new version of the code.
    kind text not null check (kind in ('rebuild', 'reconcile', 'version')),
    -- Set: only this tenant's rows, in place.
    tenant_id uuid,
    -- building > verifying > switched > finished, or one of the other ends.
    state text not null default 'building'
        check (state in ('building', 'verifying', 'differs', 'switched', 'finished', 'reported',
                         'cancelled', 'failed', 'rolled back')),
    paused boolean not null default false,
    -- Cut over although rows differ from the live generation's: these are the ones that are wrong.
    repair boolean not null default false,
    -- Events per second and view; null: as fast as it goes.
    rate int check (rate > 0),
    -- Views built at the same time in one process.
    parallel int not null default 2 check (parallel > 0),
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    error text
);
create index on ops.rebuilds (asked_at) where state in ('building', 'verifying', 'differs', 'switched');

create table ops.rebuild_views (
    rebuild uuid not null references ops.rebuilds,
    view text not null,
    -- Which generation was live when it was asked for, and which is built.
    former int not null,
    generation int not null,
    built_at timestamptz,
    -- What the comparison found; see projections.kit.comparing.
    report jsonb,
    primary key (rebuild, view),
    foreign key (view, generation) references ops.lanes (view, generation)
);
create index on ops.rebuild_views (view, generation);

-- Streams whose events cannot be folded into a view for now: all of them from `position` on wait.
create table ops.parked (
    view text not null,
    generation int not null,
    stream uuid not null,
    tenant_id uuid not null,
    topic text not null,
    -- The first event that is not folded.
    position bigint not null,
    event_id uuid not null,
    event_type text not null,
    error text not null,
    attempts int not null,
    parked_at timestamptz not null default clock_timestamp(),
    -- Set: somebody asked to fold the waiting events now, or to leave them out for good.
    asked text check (asked in ('retry', 'discard')),
    asked_at timestamptz,
    -- Why they are to be left out.
    reason text,
    -- The fencing token of the one write that folds them, and the position up to which it does; whether the
    -- token is in the store says if that write was made before its writer died.
    token bigint,
    until bigint,
    -- An id is unique in its tenant only: whoever chooses it must not stop another tenant's stream.
    primary key (view, generation, tenant_id, stream),
    foreign key (view, generation) references ops.lanes (view, generation) on delete cascade
);

-- Events of streams that were left out of a generation for good; a refill leaves them out as well.
create table ops.discarded (
    view text not null,
    generation int not null,
    tenant_id uuid not null,
    stream uuid not null,
    -- Both inclusive.
    first bigint not null,
    last bigint not null,
    error text not null,
    reason text not null,
    discarded_at timestamptz not null default clock_timestamp(),
    primary key (view, generation, tenant_id, stream, first),
    foreign key (view, generation) references ops.lanes (view, generation) on delete cascade
);

-- The token of the last write that folded parked events into a store with a memory of its own: one that
-- knows only older tokens has lost that write.
alter table ops.lanes
    add column mended bigint not null default 0,
    -- Whether anything is parked or discarded; it lies here so that who locks the lane knows it.
    add column leaves_out boolean not null default false;

alter table ops.workers add column kind text not null default 'worker' check (kind in ('worker', 'rebuilder'));

grant execute on function ops.serving(text, int) to headwater_reader, headwater_writer;
grant select on ops.rebuilds, ops.rebuild_views, ops.parked, ops.discarded to headwater_reader;
grant select, insert, update, delete on ops.rebuilds, ops.rebuild_views, ops.parked, ops.discarded to headwater_writer;
