-- What attempts.sql takes the place of, for who goes back before it.
-- How often somebody tried to sign in, by account and by address, both as keyed fingerprints: the names of
-- neither stand here. Not events: what an attacker writes by the thousand is no fact about the business.
create table auth.attempts (
    kind text not null,
    fingerprint text not null,
    count int not null,
    at timestamptz not null,
    locked_until timestamptz,
    primary key (kind, fingerprint)
);
create index idx_attempts_at on auth.attempts (at);

-- Counts an attempt before it is made, so that many at once are as many. Answers whether it must fail, because
-- too many were made before it, or else whether nothing more is taken after it, and until when.
create function auth.attempt(
    a_kind text, a_fingerprint text, free int, first_pause interval, longest interval, forgotten interval,
    out refused boolean, out locks boolean, out until timestamptz
) language plpgsql as $$
declare
    now_ timestamptz := clock_timestamp();
    found auth.attempts;
begin
    -- Changes nothing, but locks the row, whoever made it.
    insert into auth.attempts as a (kind, fingerprint, count, at) values (a_kind, a_fingerprint, 0, now_)
        on conflict (kind, fingerprint) do update set count = a.count
        returning * into found;
    refused := coalesce(found.locked_until > now_, false);
    locks := false;
    until := found.locked_until;
    if refused then
        return;
    end if;
    if found.at < now_ - forgotten then
        found.count := 0;
    end if;
    found.count := found.count + 1;
    locks := found.count >= free;
    until := case when locks
        then now_ + least(longest, first_pause * power(2, least(found.count - free, 20))) end;
    update auth.attempts set count = found.count, at = now_, locked_until = until
     where kind = a_kind and fingerprint = a_fingerprint;
end $$;

grant select, insert, update, delete on auth.attempts to headwater_writer;
revoke all on function auth.attempt from public;
grant execute on function auth.attempt to headwater_writer;
