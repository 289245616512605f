-- Attempts as the moments of those that failed or are under way, so that a limit looks at a window that slides.
-- The names of people and addresses stand here as keyed fingerprints only.
drop function auth.attempt;
drop table auth.attempts;

create table auth.attempts (
    kind text not null,
    fingerprint text not null,
    -- The account that it is about, for what lifts all of an account's lock-outs.
    about text not null,
    moments timestamptz[] not null,
    at timestamptz not null,
    primary key (kind, fingerprint)
);
create index idx_attempts_at on auth.attempts (at);
create index idx_attempts_about on auth.attempts (about);

-- Where somebody has signed in before: one fingerprint of account and device, or of account and network.
create table auth.familiar (
    fingerprint text primary key,
    about text not null,
    at timestamptz not null
);
create index idx_familiar_at on auth.familiar (at);

-- Counts an attempt before it is made, so that many at once are as many. Answers whether it must fail, because too
-- many were made within the window, or else whether nothing more is taken after it, and until when.
create function auth.attempt(
    a_kind text, a_fingerprint text, a_about text, free int, first_pause interval, longest interval,
    sliding interval, out refused boolean, out locks boolean, out until timestamptz, out counted int
) language plpgsql as $$
declare
    now_ timestamptz := clock_timestamp();
    recent timestamptz[];
begin
    -- Changes nothing, but locks the row, whoever made it.
    insert into auth.attempts as a (kind, fingerprint, about, moments, at)
        values (a_kind, a_fingerprint, a_about, '{}', now_)
        on conflict (kind, fingerprint) do update set moments = a.moments
        returning moments into recent;
    -- A moment in the future was noted before the clock was set back; it would count for ever.
    recent := array(select one from unnest(recent) one where one > now_ - sliding and one <= now_ order by one);
    counted := cardinality(recent);
    until := case when counted >= free and counted > 0
        then recent[counted] + least(longest, first_pause * power(2, least(counted - free, 20))) end;
    refused := coalesce(until > now_, false);
    locks := false;
    if refused then
        return;
    end if;
    -- More than these change nothing about the pause.
    recent := (recent || now_)[greatest(1, counted + 1 - free - 20):];
    counted := counted + 1;
    locks := counted >= free;
    until := case when locks
        then now_ + least(longest, first_pause * power(2, least(counted - free, 20))) end;
    update auth.attempts set moments = recent, at = now_ where kind = a_kind and fingerprint = a_fingerprint;
end $$;

grant select, insert, update, delete on auth.attempts, auth.familiar to headwater_writer;
revoke all on function auth.attempt from public;
grant execute on function auth.attempt to headwater_writer;
