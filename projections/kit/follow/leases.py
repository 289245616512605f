"""Leases of lanes in Postgres: advisory locks of a worker's session, tokens that only grow, heartbeats."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from projections.kit.follow.lane import Lane
from projections.kit.follow.lease_locks import LANES, TIMEOUT, WORKERS, give_lock_back, prepare, take_lock
from projections.kit.store.generations import Connection

_HERE = "k.database = (select oid from pg_database where datname = current_database())"
_LANES = f"""
select l.id, l.view, l.generation,
       l.id in (select k.objid::int8 from pg_locks k
                 where k.locktype = 'advisory' and k.granted and k.classid = $5::int::oid and {_HERE}) as locked,
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
"""
_SURVEY = f"{_LANES} order by l.id"
# A worker counts while its session holds its lock: one that was killed does not, and one that is stopped not for
# long. The disk is not waited for: with the server, the session goes too.
_BEAT = f"""
with quick as materialized (select set_config('synchronous_commit', 'off', true)), me as (
    update ops.workers w set heartbeat_at = clock_timestamp() from quick where w.id = $6
), alive as (
    select count(*) as workers from ops.workers w
     where (w.id = $6 or clock_timestamp() - w.heartbeat_at <= make_interval(secs => $4))
       and w.kind = (select kind from ops.workers where id = $6)
       and exists (select from pg_locks k
                    where k.locktype = 'advisory' and k.granted and k.pid = w.pid and {_HERE}
                      and k.classid = $7::int::oid and k.objid = w.id::oid)
)
select alive.workers, (select coalesce(max(position), 0) from es.events) as head, lane.*
  from alive left join lateral ({_LANES}) lane on true
 order by lane.id
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


@dataclass(frozen=True, slots=True)
class Beat:
    """How many workers live, this one included, up to where the log reaches, and how the lanes stand."""

    workers: int
    head: int
    lanes: list[LaneLease]


async def beat(
    connection: Connection,
    worker: int,
    views: Collection[tuple[str, int]],
    stale: float,
    *,
    phase: str = "following",
) -> Beat:
    """Show that we live, and look how everything stands; see `survey`."""
    arguments = (*_named(views), phase, stale, LANES, worker, WORKERS)
    rows = [dict(row) for row in await connection.fetch(_BEAT, *arguments, timeout=TIMEOUT)]
    # The first two columns are the same in each; without a lane there is one row all the same.
    found = {(row.pop("workers"), row.pop("head")) for row in rows}
    ((workers, head),) = found
    return Beat(workers, head, [LaneLease(**row) for row in rows if row["id"] is not None])


async def survey(
    connection: Connection, views: Collection[tuple[str, int]], stale: float, *, phase: str = "following"
) -> list[LaneLease]:
    """How the lanes of these views, in these versions and in this phase, stand."""
    rows = await connection.fetch(_SURVEY, *_named(views), phase, stale, LANES, timeout=TIMEOUT)
    return [LaneLease(**row) for row in rows]


def _named(views: Collection[tuple[str, int]]) -> tuple[list[str], list[int]]:
    return [name for name, _ in views], [version for _, version in views]


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
