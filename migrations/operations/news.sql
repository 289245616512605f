-- What changes seldom, and what many processes know in memory, is told of as it changes, so that nobody asks all the
-- time. Lost news are made up for by a look now and then.
create function ops.tell_news() returns trigger
    language plpgsql
as $$
begin
    perform pg_notify('headwater_news', tg_argv[0]);
    return null;
end
$$;

-- Which generations are read: what ops.serving says.
create trigger tell_news after insert or delete or update of live on ops.views
    for each row execute function ops.tell_news('generations');
create trigger tell_news after insert or delete or update of version, served_at, phase on ops.lanes
    for each row execute function ops.tell_news('generations');
-- What a rebuilder has to do, but for what becomes due by itself.
create trigger tell_work after update of phase, drop_at on ops.lanes
    for each row execute function ops.tell_news('rebuilds');
create trigger tell_work after insert or update of state on ops.rebuilds
    for each row execute function ops.tell_news('rebuilds');
-- Where tenants are served.
create trigger tell_news after insert or delete or update on placement.tenants
    for each row execute function ops.tell_news('placements');
