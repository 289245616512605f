"""Leases of lanes in Postgres: advisory locks of a worker's session, tokens that only grow, heartbeats."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from projections.kit.follow.lane import Lane
from projections.kit.follow.lease_locks import LANES, TIMEOUT, WORKERS, give_lock_back, prepare, take_lock
from projections.kit.store.generations import Connection

_BEAT = """
with me as (update ops.workers set heartbeat_at = clock_timestamp() where id = $1)
-- A worker counts while its session holds its lock: one that was killed does not, and one that is
-- stopped not for long.
select count(*) from ops.workers w
 where (id = $1 or clock_timestamp() - heartbeat_at <= make_interval(secs => $2))
   and w.kind = (select kind from ops.workers where id = $1)
   and exists (select from pg_locks k
                where k.locktype = 'advisory' and k.granted and k.pid = w.pid
                  and k.classid = $3::int::oid and k.objid = w.id::oid
                  and k.database = (select oid from pg_database where datname = current_database()))
"""
_SURVEY = """
select l.id, l.view, l.generation,
       exists (select from pg_locks k
                where k.locktype = 'advisory' and k.granted and k.classid = $5::int::oid and k.objid = l.id::oid
                  and k.database = (select oid from pg_database where datname = current_database())) as locked,
       coalesce(clock_timestamp() - w.heartbeat_at > make_interval(secs => $4), false) as stale,
       v.inline and l.generation = ops.serving(l.view, l.version) as inline,
       v.paused_at is not null and l.generation = v.live as paused,
       l.position >= (select coalesce(max(position), 0) from es.events) as caught_up,
       l.tenant_id, l.token
  from unnest($1::text[], $2::int[]) as mine(view, version)
  join ops.lanes l using (view, version)
  join ops.views v using (view)
  left join ops.workers w on w.id = l.holder
 where l.phase = $3
 order by l.id
"""
_TAKE = """
update ops.lanes set token = token + 1, holder = $2, read_at = clock_timestamp(), rate = 0
 where id = $1
returning token, position, folded, pages, page_seconds, errors
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLease:
    """How a lane stands. ``locked``: somebody has the lease; ``stale``: its holder shows no sign of life;
    ``inline``: the appenders keep it, unless it is far behind; ``paused``: nobody shall follow it;
    ``tenant_id``: it is built for that tenant alone."""

    id: int
    view: str
    generation: int
    locked: bool
    stale: bool
    inline: bool
    paused: bool
    caught_up: bool
    tenant_id: UUID | None
    token: int


@dataclass(frozen=True, slots=True)
class TakenLease:
    """A lease, and where the lane stands on record."""

    token: int
    position: int
    folded: int
    pages: int
    page_seconds: float
    errors: int


def lane_of(standing: LaneLease, taken: TakenLease, news: Callable[[], None]) -> Lane:
    """The lane that was leased; ``news`` hears when there is something to report of it."""
    return Lane(
        id=standing.id,
        view=standing.view,
        generation=standing.generation,
        token=taken.token,
        position=taken.position,
        folded=taken.folded,
        pages=taken.pages,
        page_seconds=taken.page_seconds,
        errors=taken.errors,
        news=news,
    )


async def register(connection: Connection, name: str, kind: str = "worker") -> int:
    """Join the workers; the number is this worker's as long as the session lives."""
    await prepare(connection)
    await connection.execute(
        "delete from ops.workers where clock_timestamp() - heartbeat_at > interval '1 hour'"
    )
    worker: int = await connection.fetchval(
        "insert into ops.workers (name, kind, pid) values ($1, $2, pg_backend_pid()) returning id", name, kind
    )
    await connection.execute("select pg_advisory_lock($1::int, $2::int)", WORKERS, worker)
    return worker


async def leave(connection: Connection, worker: int) -> None:
    """Leave the workers, and the lanes without a holder."""
    await connection.execute("update ops.lanes set holder = null where holder = $1", worker)
    await connection.execute("delete from ops.workers where id = $1", worker)


async def heartbeat(connection: Connection, worker: int, stale: float) -> int:
    """Show that we live; answer how many workers do, this one included."""
    count: int = await connection.fetchval(_BEAT, worker, stale, WORKERS, timeout=TIMEOUT)
    return count


async def survey(
    connection: Connection, views: Collection[tuple[str, int]], stale: float, *, phase: str = "following"
) -> list[LaneLease]:
    """How the lanes of these views, in these versions and in this phase, stand."""
    names, versions = [name for name, _ in views], [version for _, version in views]
    rows = await connection.fetch(_SURVEY, names, versions, phase, stale, LANES, timeout=TIMEOUT)
    return [LaneLease(**row) for row in rows]


async def take(connection: Connection, standing: LaneLease, worker: int) -> TakenLease | None:
    """Try to lease a lane; None when another has it. A holder without a heartbeat loses its session."""
    if not await take_lock(connection, LANES, standing.id, stale=standing.stale):
        return None
    try:
        row = await connection.fetchrow(_TAKE, standing.id, worker, timeout=TIMEOUT)
    except asyncpg.LockNotAvailableError:
        # A write of the last holder hangs in the middle; the server ends it soon.
        row = None
    if row is None:
        await give_lock_back(connection, LANES, standing.id)
        return None
    return TakenLease(*row)


async def give_back(connection: Connection, lane: int, worker: int) -> None:
    """End a lease; nobody's when it is another's by now."""
    await connection.execute(
        "update ops.lanes set holder = null where id = $1 and holder = $2", lane, worker, timeout=TIMEOUT
    )
    await give_lock_back(connection, LANES, lane)
