"""How what is beside the views stands: workers, rebuilds and processes, as the database has it."""

from dataclasses import dataclass

from app.database import Pool

SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone; it gives one each second."""

_STANDING = """
select (select count(*) from ops.workers
         where kind = 'worker' and clock_timestamp() - heartbeat_at < make_interval(secs => $1)) as workers,
       (select count(*) from ops.rebuilds where state in ('building', 'verifying')) as rebuilding,
       (select count(*) from ops.rebuilds where state = 'differs') as differing
"""
_PROCESSES = """
select l.process as name, l.error,
       greatest((select coalesce(max(position), 0) from es.events) - l.position, 0) as lag_events,
       (select count(*) from processes.ledger e where e.process = l.process and e.status = 'pending') as pending,
       (select count(*) from processes.ledger e where e.process = l.process and e.status = 'parked') as parked,
       (select count(*) from processes.timers t where t.process = l.process) as timers
  from processes.lanes l order by l.process
"""


@dataclass(frozen=True, slots=True)
class ProcessStanding:
    """How a process stands. ``pending`` and ``parked`` count what it wished for; ``timers`` those not fired."""

    name: str
    lag_events: int
    error: str | None
    pending: int
    parked: int
    timers: int

    @property
    def ailment(self) -> str | None:
        """What is wrong with it, in a sentence; None when it is well."""
        if self.parked:
            return f"{self.name} has {self.parked} parked in its ledger"
        return f"{self.name} stands still: {self.error}" if self.error else None


@dataclass(frozen=True, slots=True)
class Standing:
    """``workers`` alive, rebuilds that go on, rebuilds that wait for somebody to accept or cancel them."""

    workers: int
    rebuilding: int
    differing: int
    processes: tuple[ProcessStanding, ...]

    @property
    def ailments(self) -> list[str]:
        """What is wrong, in sentences."""
        return [said for one in self.processes if (said := one.ailment)]


async def standing(pool: Pool) -> Standing:
    """How they stand now."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(_STANDING, SILENCE)
        assert row is not None, "a select without from is one row"
        processes = tuple(ProcessStanding(**one) for one in await connection.fetch(_PROCESSES))
    return Standing(row["workers"], row["rebuilding"], row["differing"], processes)
