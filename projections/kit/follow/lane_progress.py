"""Writes down how far the lanes of a worker have come, all of them in one statement."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from projections.kit.background import happens
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane
from projections.kit.follow.parking import OpsParking
from projections.kit.store.generations import Pool
from projections.kit.store.rebuild_queue import ask_for_lost
from projections.kit.store.store import Checkpoint

_logger = logging.getLogger(__name__)

_PAUSE = 0.01
"""Seconds during which reports are gathered; readers who wait for a position wait so much longer."""
_PATIENCE = 0.05
"""Seconds that reports wait at the most for a page to be saved, which takes them along."""
_LONGEST, _REST = 0.1, 9.0
"""The same at the most where events come steadily: a report is followed by so many times what it took."""

# Locked in order of id, as the appenders do for inline views, so that nobody waits in a circle. It does not hold
# the locks while the disk writes, for all views would wait for them. A page is durable with its position by
# itself; where a position is lost with the server, its lane goes once more over events that concern it not.
_REPORT = """
with quick as materialized (select set_config('synchronous_commit', 'off', true)), r as (
    select * from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[],
                         $7::text[], $8::bigint[], $9::uuid[], $10::uuid[], $11::int[], $12::bigint[],
                         $13::float8[], $14::bigint[])
        as r(id, token, position, folded, age, rate, error, error_position, error_event, error_stream,
             attempts, pages, page_seconds, errors)
), locked as (
    select l.id from ops.lanes l join r using (id, token) cross join quick order by l.id for update of l
)
update ops.lanes l
   set moved_at = case when r.position > l.position then clock_timestamp() else l.moved_at end,
       -- A page that was saved meanwhile has moved it further.
       position = greatest(l.position, r.position),
       folded = case when r.position > l.position then r.folded else l.folded end,
       read_at = clock_timestamp() - make_interval(secs => r.age), rate = r.rate,
       pages = r.pages, page_seconds = r.page_seconds, errors = r.errors,
       error = r.error, error_position = r.error_position, error_event = r.error_event,
       error_stream = r.error_stream, attempts = r.attempts,
       failed_at = case when r.error is null then null when l.attempts = r.attempts then l.failed_at
                        else clock_timestamp() end
  from r join locked using (id)
 where l.id = r.id and l.token = r.token
"""


class OpsLedger:
    """The lanes' record in ``ops.lanes``. A report made under an older lease changes nothing."""

    def __init__(self, pool: Pool, lanes: Callable[[], Collection[Lane]], *, quiet: float = 5.0) -> None:
        """``quiet``: seconds between two reports where all positions are on record; ages are so much less true."""
        self._pool = pool
        self._quiet = quiet
        self._rested = 0.0
        self._lanes = lanes
        self.parking = OpsParking(pool)
        self._news = asyncio.Event()
        self._reporting = asyncio.Lock()
        self._rated: dict[int, tuple[float, int]] = {}

    def news(self) -> None:
        """A lane has something to report."""
        self._news.set()

    async def run(self) -> None:
        """Report until cancelled: at once what moved, and everything now and then, so that ages are true."""
        now = asyncio.get_running_loop().time
        due = 0.0
        while True:
            if await happens(self._news, within=max(due - now(), 0)):
                await asyncio.sleep(max(_PAUSE, self._rested - now()))
                await self._even()
            self._news.clear()
            if now() < due and not self.unrecorded():
                continue
            self._rate()
            began = now()
            try:
                await self.report()
            except Exception:
                _logger.exception("Progress cannot be reported; trying again.")
                await asyncio.sleep(1)
            else:
                due = now() + self._quiet
            self._rested = now() + min(_REST * (now() - began), _LONGEST)

    def passing(self) -> list[Lane]:
        """Lanes that a save may take along: where events come steadily, as seldom as they are reported."""
        now = asyncio.get_running_loop().time()
        found = self.unrecorded() if now >= self._rested else []
        if found:
            self._rested = now + _LONGEST
        return found

    def unrecorded(self) -> list[Lane]:
        """The lanes of which not everything is on record."""
        return [lane for lane in self._lanes() if lane.recorded != lane.position]

    async def _even(self) -> None:
        """Wait a little for the views that a page concerns: as they are saved, they take the others' positions
        along."""
        now = asyncio.get_running_loop().time
        until = now() + _PATIENCE
        while len({lane.position for lane in self._lanes() if lane.failure is None}) > 1 and now() < until:
            self._news.clear()
            await happens(self._news, within=until - now())

    async def report(self) -> None:
        """Report all lanes as they are now; one report after the other, or an older one might be written last."""
        async with self._reporting:
            await self._report()

    async def _report(self) -> None:
        lanes = list(self._lanes())
        if not lanes:
            return
        now = asyncio.get_running_loop().time()
        failures = [lane.failure for lane in lanes]
        reported = [(lane, lane.position, lane.failure) for lane in lanes]
        await self._pool.execute(
            _REPORT,
            [lane.id for lane in lanes],
            [lane.token for lane in lanes],
            [lane.position for lane in lanes],
            [lane.folded for lane in lanes],
            [now - lane.read_at for lane in lanes],
            [lane.rate for lane in lanes],
            [failure and failure.text for failure in failures],
            [failure and failure.position for failure in failures],
            [failure and failure.event_id for failure in failures],
            [failure and failure.stream for failure in failures],
            [failure.attempts if failure else 0 for failure in failures],
            [lane.pages for lane in lanes],
            [lane.page_seconds for lane in lanes],
            [lane.errors for lane in lanes],
        )
        for lane, position, failure in reported:
            if lane.failure is failure:
                lane.recorded = position

    # Rows differ in type, hence Any.
    async def lost(self, lane: Lane, view: View[Any], tenants: Collection[UUID]) -> bool:
        """See `Ledger`."""
        return await ask_for_lost(self._pool, type(view), lane.generation, tenants)

    async def restart(self, lane: Lane) -> None:
        """See `Ledger`."""
        await self._pool.execute(
            """update ops.lanes set position = 0, folded = 0, token = token + 1, moved_at = clock_timestamp(),
                      refill_until = (select coalesce(max(position), 0) from es.events)
                where id = $1 and token = $2""",
            lane.id,
            lane.token,
        )

    async def rewind(self, lane: Lane, checkpoint: Checkpoint) -> None:
        """See `Ledger`."""
        await self._pool.execute(
            """update ops.lanes set refill_until = greatest(refill_until, position),
                      position = $3, folded = $4, moved_at = clock_timestamp()
                where id = $1 and token = $2""",
            lane.id,
            lane.token,
            checkpoint.position,
            checkpoint.folded,
        )

    def _rate(self) -> None:
        now = asyncio.get_running_loop().time()
        for lane in self._lanes():
            then, position = self._rated.setdefault(lane.id, (now, lane.position))
            if now - then >= 1:
                lane.rate = max(0.0, (lane.position - position) / (now - then))
                self._rated[lane.id] = (now, lane.position)
