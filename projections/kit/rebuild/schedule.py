"""Compares each view with the log from time to time, one view after the other, whoever many workers there are."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from projections.kit.declare.view import View
from projections.kit.store.generations import DDL_LOCK, Pool
from projections.kit.store.rebuild_queue import SCHEDULE, RebuildRefused, ask

WORTH_TELLING = f"""
not (r.asked_by = '{SCHEDULE}' and r.state = 'reported' and not exists (
     select from ops.rebuild_views w where w.rebuild = r.id and (w.report->>'differing')::bigint > 0))
"""
"""Leaves out, of rebuilds ``r``, those that were asked for here and found nothing."""

_KEPT = timedelta(days=7)
"""For how long those that found nothing stay on record."""
# The view that has not been compared for longest. A comparison dated ahead, by a clock that was wrong, is none.
_DUE = """
select v.view
  from unnest($1::text[], $2::int[]) as mine(view, version)
  join ops.views v using (view)
  join ops.lanes l on l.view = v.view and l.generation = v.live and l.version = mine.version
  left join lateral (
       select max(r.asked_at) as at from ops.rebuilds r join ops.rebuild_views m on m.rebuild = r.id
        where m.view = v.view and r.kind = 'reconcile' and r.tenant_id is null
          and r.asked_at <= clock_timestamp()) last on true
 where (v.inline or l.read_at is not null) and v.paused_at is null
   and coalesce(last.at, (select timestamp from es.events where position = 1)) <= clock_timestamp() - $3::interval
   and not exists (select from ops.rebuilds where asked_by = $4 and state in ('building', 'verifying'))
   and not exists (select from ops.rebuilds r join ops.rebuild_views m on m.rebuild = r.id
                    where m.view = v.view and r.state in ('building', 'verifying', 'differs'))
 order by last.at nulls first, v.view
 limit 1
"""
# The newest generation stays, so that its number is not given out again.
_PAST = """
select r.id, m.view, m.generation
  from ops.rebuilds r
  join ops.rebuild_views m on m.rebuild = r.id
  join ops.lanes l on l.view = m.view and l.generation = m.generation
 where r.asked_by = $1 and r.state = 'reported' and r.ended_at < clock_timestamp() - $2::interval
   and (m.report->>'differing')::bigint = 0
   and l.phase = 'dropped' and l.drop_at is null
   and l.generation < (select max(generation) from ops.lanes n where n.view = m.view)
"""

_logger = logging.getLogger(__name__)


async def compare_when_due(
    pool: Pool, views: Sequence[type[View[Any]]], *, every: timedelta, repair: bool
) -> UUID | None:
    """Ask for one view to be compared, when one is due and none is being compared; answer the rebuild's id.

    ``repair``: rows that differ are cut over. Forgets what it asked for a week ago and found nothing.
    """
    known = {view.name: view for view in views}
    async with pool.acquire() as connection, connection.transaction():
        # Before looking, so that of two workers one sees what the other has asked.
        await connection.execute("select pg_advisory_xact_lock($1)", DDL_LOCK)
        await _forget(connection)
        versions = [view.version for view in views]
        due = await connection.fetchval(_DUE, [*known], versions, every, SCHEDULE)
        if due is None:
            return None
        id = uuid4()
        try:
            await ask(connection, id, [known[due]], by=SCHEDULE, kind="reconcile", parallel=1, repair=repair)
        except RebuildRefused as refused:
            _logger.warning("%s", refused)
            return None
    return id


# A pool's proxy for a connection has no type of its own, hence Any.
async def _forget(connection: Any) -> None:
    past = await connection.fetch(_PAST, SCHEDULE, _KEPT)
    if not past:
        return
    ids, names, numbers = (list(column) for column in zip(*past, strict=True))
    await connection.execute("delete from ops.rebuild_views where rebuild = any($1)", ids)
    await connection.execute("delete from ops.rebuilds where id = any($1)", ids)
    await connection.execute(
        "delete from ops.lanes l using unnest($1::text[], $2::int[]) as gone(view, generation) "
        "where l.view = gone.view and l.generation = gone.generation",
        names,
        numbers,
    )
