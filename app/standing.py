"""How what is beside the views stands: workers, rebuilds and processes, as the database has it."""

from dataclasses import dataclass

from app.database import Pool
from app.processes.status import ProcessStatus, ailment, process_statuses

SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone; it gives one each second."""

_STANDING = """
select (select count(*) from ops.workers
         where kind = 'worker' and clock_timestamp() - heartbeat_at < make_interval(secs => $1)) as workers,
       (select count(*) from ops.rebuilds where state in ('building', 'verifying')) as rebuilding,
       (select count(*) from ops.rebuilds where state = 'differs') as differing
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """``workers`` alive, rebuilds that go on, rebuilds that wait for somebody to accept or cancel them."""

    workers: int
    rebuilding: int
    differing: int
    processes: tuple[ProcessStatus, ...]

    @property
    def ailments(self) -> list[str]:
        """What is wrong, in sentences."""
        return [said for one in self.processes if (said := ailment(one))]


async def standing(pool: Pool) -> Standing:
    """How they stand now."""
    row = await pool.fetchrow(_STANDING, SILENCE)
    assert row is not None, "a select without from is one row"
    processes = tuple(await process_statuses(pool))
    return Standing(row["workers"], row["rebuilding"], row["differing"], processes)
