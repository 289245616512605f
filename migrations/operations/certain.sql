-- Which streams of the tenant in scope these generations of views say nothing certain about: what was parked or
-- left out for good. Null when a generation lacks events: then nothing that it says is certain.
create function ops.uncertain(views text[], generations int[]) returns uuid[]
language sql stable security definer set search_path = '' as $$
    select case
        when exists (select from unnest(views, generations) as wanted (view, generation)
                       left join ops.lanes l using (view, generation)
                      where l.position is null
                         or l.position < (select coalesce(max(e.position), 0) from es.events e))
        then null
        else array(select p.stream from ops.parked p
                     join unnest(views, generations) as wanted (view, generation) using (view, generation)
                    where p.tenant_id = nullif(current_setting('headwater.tenant', true), '')::uuid
                    union
                   select d.stream from ops.discarded d
                     join unnest(views, generations) as wanted (view, generation) using (view, generation)
                    where d.tenant_id = nullif(current_setting('headwater.tenant', true), '')::uuid)
    end
$$;

revoke execute on function ops.uncertain from public;
grant execute on function ops.uncertain to headwater_reader, headwater_writer;
