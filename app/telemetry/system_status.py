"""How what is beside the views stands: workers, rebuilds and processes, as the database has it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app.storage.database import Pool
from app.telemetry.process_status import ProcessStatus, ailment, process_statuses
from projections.kit.follow.lease_locks import SILENCE

_STANDING = """
select (select count(*) from ops.workers
         where kind = 'worker' and clock_timestamp() - heartbeat_at < make_interval(secs => $1)) as workers,
       (select count(*) from ops.rebuilds where state in ('building', 'verifying')) as rebuilding,
       (select count(*) from ops.rebuilds where state = 'differs') as differing
"""


# A view that was rebuilt since is right again.
_COMPARED = """
select distinct on (m.view) m.view, r.id as rebuild,
       case when r.state = 'reported' then (m.report->>'differing')::bigint else 0 end as differing,
       extract(epoch from clock_timestamp() - r.ended_at)::float8 as age
  from ops.rebuilds r join ops.rebuild_views m on m.rebuild = r.id join ops.views v on v.view = m.view
 where r.ended_at is not null and m.report is not null and r.tenant_id is null
   and r.state in ('reported', 'switched', 'finished')
 order by m.view, r.ended_at desc
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the last comparison of a view with the log has found: rows that differ, and how many seconds ago."""

    view: str
    rebuild: UUID
    differing: int
    age: float


_WAITING = """
select r.id, r.state = 'differs' as differs,
       (select string_agg(m.view, ' ' order by m.view) from ops.rebuild_views m where m.rebuild = r.id) as views
  from ops.rebuilds r
 where r.state = 'differs' or (r.paused and r.state in ('building', 'verifying'))
 order by r.asked_at, r.id
"""


@dataclass(frozen=True, slots=True)
class WaitingRebuild:
    """A rebuild that goes on only when somebody says so: one that ``differs``, or that is paused."""

    id: UUID
    differs: bool
    views: str

    def sentence(self, where: str) -> str:
        """What it waits for, and the commands that end that; ``where`` is the option that says which silo."""
        if self.differs:
            what, commands = "found rows that differ, and is not cut over to", ("accept", "cancel")
        else:
            what, commands = "is paused", ("resume", "cancel")
        ways = " or ".join(f"headwater {command} {self.id}{where}" for command in commands)
        return f"the rebuild of {self.views} {what}: {ways}"


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """``workers`` alive, rebuilds that go on, rebuilds that wait for somebody to accept or cancel them."""

    workers: int
    rebuilding: int
    differing: int
    processes: tuple[ProcessStatus, ...]
    compared: tuple[Compared, ...] = ()
    waiting: tuple[WaitingRebuild, ...] = ()

    def waits(self, where: str = "") -> list[str]:
        """What waits for an operator, in sentences; ``where`` as for `WaitingRebuild.sentence`."""
        return [rebuild.sentence(where) for rebuild in self.waiting]

    def ailments(self, where: str = "") -> list[str]:
        """What is wrong, in sentences; ``where`` as for `WaitingRebuild.sentence`."""
        wrong = [
            f"{view.view} differs from the log in {view.differing} rows: headwater rebuilds {view.rebuild}{where}"
            for view in self.compared
            if view.differing
        ]
        return [
            *(said for process in self.processes if (said := ailment(process))),
            *wrong,
            *self.waits(where),
        ]


async def standing(
    pool: Pool, known: Collection[str] | None = None, known_processes: Collection[str] | None = None
) -> SystemStatus:
    """How they stand now; ``known`` as for `views_status`, and ``known_processes`` as for `process_statuses`."""
    row = await pool.fetchrow(_STANDING, SILENCE)
    assert row is not None, "a select without from is one row"
    processes = tuple(await process_statuses(pool, known_processes))
    found = [Compared(**row) for row in await pool.fetch(_COMPARED)]
    compared = tuple(comparison for comparison in found if known is None or comparison.view in known)
    waiting = tuple(WaitingRebuild(**row) for row in await pool.fetch(_WAITING))
    return SystemStatus(row["workers"], row["rebuilding"], row["differing"], processes, compared, waiting)
