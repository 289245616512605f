"""How the processes stand, and their effects: for operators and for health."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.plurals import counted
from app.storage.database import Pool
from projections.kit.read.conditions import Condition, bound
from projections.operations.effects import EffectRow

_SILENCE = 10.0
"""Seconds without a beat after which a process counts as run by nobody."""

_STATUS = """
with log as (select coalesce(max(position), 0) as head from es.events)
select l.process, l.version, l.since, l.position, log.head, greatest(log.head - l.position, 0) as lag_events,
       (select count(*) from processes.instances i where i.process = l.process) as instances,
       (select count(*) from processes.timers t where t.process = l.process) as timers,
       (select count(*) from processes.ledger e where e.process = l.process and e.finished_at is null) as open,
       (select count(*) from processes.ledger e where e.process = l.process and e.status = 'parked') as parked,
       l.error, h.holder, extract(epoch from clock_timestamp() - h.beat_at)::float8 as beat_age
  from processes.lanes l cross join log left join processes.holders h using (process)
 order by l.process
"""
_EFFECTS = """
select id, process, tenant_id, instance, kind, name, key, status, attempts, error, discard, event_id, position,
       correlation_id, made_at, next_at, finished_at
  from processes.ledger
 where ($1::text is null or process = $1) and ($2::text[] is null or status = any($2))
   and ($3::uuid is null or tenant_id = $3) and id > $5 and {met}
 order by id limit $4
"""
_RETRY = """
update processes.ledger set status = 'pending', attempts = 0, next_at = '-infinity', error = null
 where status = 'parked' and ($1::bigint[] is null or id = any($1)) and ($2::text is null or process = $2)
returning id
"""
_DISCARD = """
update processes.ledger set status = 'pending', next_at = '-infinity', discard = $2
 where status = 'parked' and id = any($1)
returning id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """How a process stands: it has reacted to the log after ``since`` up to ``position``. ``open`` effects are not
    done yet, ``parked`` ones of them wait for an operator."""

    process: str
    version: int
    since: int
    position: int
    head: int
    lag_events: int
    instances: int
    timers: int
    open: int
    parked: int
    error: str | None
    holder: str | None
    beat_age: float | None
    """Seconds since the holder was last seen; None without a holder."""
    unknown: bool = False
    """Whether the code that asks does not have the process, and nobody runs it."""


async def process_statuses(pool: Pool, known: Collection[str] | None = None) -> list[ProcessStatus]:
    """All processes that ever ran, by name. ``known``: those that this code has, as for `views_status`."""
    statuses = [ProcessStatus(**dict(row)) for row in await pool.fetch(_STATUS)]
    if known is None:
        return statuses
    return [replace(each, unknown=each.process not in known and _is_silent(each)) for each in statuses]


def _is_silent(status: ProcessStatus) -> bool:
    return status.beat_age is None or status.beat_age > _SILENCE


def ailment(status: ProcessStatus) -> str | None:
    """What is wrong with a process, in a sentence; None when it is well, or when this code does not have it."""
    if status.unknown:
        return None
    if status.parked:
        return f"{status.process} has {counted(status.parked, 'effect')} parked"
    if status.error is not None:
        return f"{status.process} stands at position {status.position}: {status.error}"
    if _is_silent(status):
        return f"{status.process} is run by no worker"
    return None


class EffectLedger:
    """`Effects` as the ledger has them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def processes(self) -> Sequence[str]:
        rows = await self._pool.fetch("select process from processes.lanes order by process")
        return [row["process"] for row in rows]

    async def list(
        self,
        *,
        process: str | None = None,
        statuses: Sequence[str] | None = None,
        tenant_id: UUID | None = None,
        where: Sequence[Condition] = (),
        limit: int = 100,
        after: int = 0,
    ) -> Sequence[EffectRow]:
        arguments: list[Any] = [process, statuses, tenant_id, limit, after]
        met = " and ".join(["true", *bound(where, arguments)])
        rows = await self._pool.fetch(_EFFECTS.format(met=met), *arguments)
        return [EffectRow(**dict(row)) for row in rows]

    async def retry(self, ids: Sequence[int] = (), *, process: str | None = None) -> Sequence[int]:
        return [row["id"] for row in await self._pool.fetch(_RETRY, list(ids) or None, process)]

    async def discard(self, ids: Sequence[int], *, reason: str) -> Sequence[int]:
        return [row["id"] for row in await self._pool.fetch(_DISCARD, list(ids), reason)]
