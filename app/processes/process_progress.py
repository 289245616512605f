"""The checkpoints of the processes of one worker that go over events which they do not react to: one statement."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from app.processes.lease import Lease
from app.processes.process_worker import ProcessWorker
from app.storage.database import Pool
from projections.kit.backoff import Backoff
from projections.kit.follow.lease_locks import TIMEOUT

# Where a position is lost with the server, a process goes once more over events that changed nothing: whatever
# changes its state since takes the position along.
_MOVE_IDLE = """
with quick as materialized (select set_config('synchronous_commit', 'off', true)),
     moved as (select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as m(process, token, position)),
     free as (select l.process from processes.lanes l join moved using (process, token) cross join quick
               order by l.process for update of l skip locked)
update processes.lanes l
   set position = greatest(l.position, m.position), moved_at = clock_timestamp()
  from moved m join free using (process)
 where l.process = m.process
returning l.process
"""

_logger = logging.getLogger(__name__)


class ProcessProgress:
    """Saves how far the processes of one worker have read that do not react to what they read."""

    def __init__(self, pool: Pool, held: Callable[[], Collection[ProcessWorker]], *, poll: float) -> None:
        self._pool = pool
        self._held = held
        self._poll = poll

    async def run(self) -> None:
        """Save every ``poll`` seconds, more seldom while that fails, until cancelled."""
        attempts = 0
        while True:
            try:
                await self._save({worker.lease.process: worker for worker in self._held()})
                attempts = 0
                await asyncio.sleep(self._poll)
            except Exception as error:  # noqa: BLE001  # Whatever it is, it is tried again.
                attempts += 1
                if attempts in (1, 6):
                    _logger.warning("How far processes have read cannot be saved for now: %r", error)
                await asyncio.sleep(Backoff(self._poll, 30).pause(attempts))

    async def _save(self, held: dict[str, ProcessWorker]) -> None:
        positions = {
            worker.lease: worker.position for worker in held.values() if worker.saved < worker.position
        }
        if positions:
            moved = await move_idle(self._pool, positions)
            for lease, position in positions.items():
                if lease.process in moved:
                    held[lease.process].saved = position


async def move_idle(pool: Pool, positions: Mapping[Lease, int]) -> set[str]:
    """Move the checkpoints of processes over events that they do not react to; those that moved.

    One that is writing moves its checkpoint itself, and is left out, as are those whose lease another holds.
    """
    names, tokens = [lease.process for lease in positions], [lease.token for lease in positions]
    rows = await pool.fetch(_MOVE_IDLE, names, tokens, list(positions.values()), timeout=TIMEOUT)
    return {row["process"] for row in rows}
