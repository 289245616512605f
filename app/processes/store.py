"""State, timers, ledger and checkpoint of one process in Postgres: every change under its lease."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.log.reader import head_of
from app.processes.claims import CLAIM, CLAIM_EACH, FAR
from app.processes.lease import Lease
from app.processes.unit_of_work import Cause, Key, LedgerEntry, StoredState, Timer, UnitOfWork
from app.storage.database import Lent, Pool
from domain.kit.process.process import Process
from projections.kit.follow.lease_locks import TIMEOUT
from projections.kit.store.store import LeaseLost

_OPEN_REACTION = "l.kind in ('event', 'timer', 'outcome') and l.finished_at is null"

# The server ends the transaction of a holder that is stopped in the middle.
_HOLD = """
select set_config('idle_in_transaction_session_timeout', $3, true)
  from processes.lanes where process = $1 and token = $2 for update
"""
_HOLD_AND_MOVE = """
update processes.lanes set position = $4, moved_at = clock_timestamp()
 where process = $1 and token = $2 and position <= $5
returning set_config('idle_in_transaction_session_timeout', $3, true)
"""
_STATES = """
select tenant_id, instance, version, state from processes.instances
 where process = $1 and (tenant_id, instance) in (select * from unnest($2::uuid[], $3::text[]))
"""
_STATES_TO_REACT = f"""
select k.tenant_id, k.instance, i.version, i.state,
       exists (select from processes.ledger l
                where l.process = $1 and l.tenant_id = k.tenant_id and l.instance = k.instance
                  and {_OPEN_REACTION}) as blocked
  from unnest($2::uuid[], $3::text[]) as k(tenant_id, instance)
  left join processes.instances i
    on i.process = $1 and i.tenant_id = k.tenant_id and i.instance = k.instance
"""
_KEEP = """
insert into processes.instances (tenant_id, process, instance, version, state) values ($1, $2, $3, $4, $5)
on conflict (process, tenant_id, instance)
   do update set version = excluded.version, state = excluded.state, changed_at = clock_timestamp()
"""
_SCHEDULE = """
insert into processes.timers
       (tenant_id, process, instance, name, id, due_at, event_id, position, correlation_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (process, tenant_id, instance, name)
   do update set id = excluded.id, due_at = excluded.due_at, event_id = excluded.event_id,
                 position = excluded.position, correlation_id = excluded.correlation_id
"""
_WITHDRAW = """
update processes.ledger set status = 'withdrawn', finished_at = $6
 where process = $1 and tenant_id = $2 and instance = $3 and kind = $4 and name = $5 and finished_at is null
"""
_ENTRY = """
insert into processes.ledger
       (tenant_id, process, instance, cause, key, kind, name, payload, attempts, next_at, status, error,
        event_id, position, correlation_id, made_at, finished_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
_DUE = f"""
delete from processes.timers t
 where (process, tenant_id, instance, name) in (
       select t.process, t.tenant_id, t.instance, t.name from processes.timers t
        where t.process = $1 and t.due_at <= $2
          and not exists (select from processes.ledger l
                           where l.process = t.process and l.tenant_id = t.tenant_id
                             and l.instance = t.instance and {_OPEN_REACTION})
        order by t.due_at limit $3)
returning tenant_id, instance, name, id, due_at, event_id, position, correlation_id
"""
_WAITING = f"""
select m.process from unnest($1::text[], $2::bigint[]) as m(process, token)
 where exists (select from processes.timers t where t.process = m.process and t.due_at <= $3)
    or exists (select from processes.ledger l
                where l.process = m.process and l.status = 'running' and l.token < m.token)
    or exists (select from processes.ledger l
                where l.process = m.process and l.status = 'pending'
                  and (l.next_at <= $3 or {FAR.format(at="l.next_at")}))
"""
_FORGET = """
delete from processes.ledger where id in (
    select id from processes.ledger where process = $1 and finished_at < $2 order by finished_at limit $3)
"""
_FINISH = """
update processes.ledger
   set status = $2, error = $3, result = $4,
       finished_at = case when $2 in ('pending', 'parked') then null else $5::timestamptz end,
       next_at = coalesce($6, next_at)
 where id = $1 and status = 'running'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row of the ledger that is being tried."""

    id: int
    origin: Cause
    key: str
    kind: str
    name: str
    payload: str
    attempts: int
    discard: str | None
    # Any JSON.
    note: Any = None
    """What the last try noted."""


class ProcessStore:
    """One process's tables while its lease is held. Every method raises LeaseLost, with nothing written, when
    another has taken the lease."""

    def __init__(self, pool: Pool, process: Process[Any], lease: Lease) -> None:
        self._pool = pool
        self._process = process
        self.lease = lease

    @asynccontextmanager
    async def transaction(
        self, *, seconds: float = 10, position: int | None = None, after: int = 0
    ) -> AsyncIterator[Lent]:
        """A transaction that nobody else writes for this process beside; the server ends it when its holder is
        stopped in the middle for ``seconds``. It moves the checkpoint to ``position``, where one is given, for
        events that follow on ``after``: LeaseLost where it stands beyond, by a commit whose answer got lost."""
        arguments = (self._process.name, self.lease.token, str(int(seconds * 1000)))
        async with self._pool.acquire() as connection, connection.transaction():
            if position is None:
                held = await connection.fetchrow(_HOLD, *arguments)
            else:
                held = await connection.fetchrow(_HOLD_AND_MOVE, *arguments, position, after)
            if held is None:
                raise LeaseLost(f"{self._process.name} was taken by another worker, or was moved meanwhile")
            yield connection

    async def states(self, connection: Lent, keys: Collection[Key]) -> dict[Key, StoredState]:
        """The states of these instances; those without one are left out."""
        if not keys:
            return {}
        rows = await connection.fetch(_STATES, self._process.name, *_columns(keys))
        return {
            (row["tenant_id"], row["instance"]): StoredState(row["version"], row["state"]) for row in rows
        }

    async def waiting(self, now: datetime) -> bool:
        """Whether there may be a timer to fire or something to try; cheap."""
        return bool(await waiting(self._pool, [self.lease], now))

    async def states_to_react(
        self, connection: Lent, keys: Collection[Key]
    ) -> tuple[dict[Key, StoredState], set[Key]]:
        """`states`, and those of the instances that have to wait until an earlier reaction has been repaired."""
        rows = await connection.fetch(_STATES_TO_REACT, self._process.name, *_columns(keys))
        found = {(row["tenant_id"], row["instance"]): row for row in rows}
        states = {
            key: StoredState(row["version"], row["state"])
            for key, row in found.items()
            if row["version"] is not None
        }
        return states, {key for key, row in found.items() if row["blocked"]}

    async def head(self, known: int) -> int:
        """The last position of the log, which is known to reach to ``known``."""
        async with self._pool.acquire() as connection:
            return await head_of(connection, known)

    async def claim(self, connection: Lent, now: datetime, limit: int) -> list[Claimed]:
        """The first open row of instances that may be tried now, marked as being tried."""
        arguments = (self._process.name, self.lease.token, now, limit)
        if (each := self._process.slots_each) is None:
            rows = await connection.fetch(CLAIM, *arguments)
        else:
            rows = await connection.fetch(CLAIM_EACH, *arguments, each)
        return [
            Claimed(
                id=row["id"],
                origin=_origin(row, row["cause"]),
                key=row["key"],
                kind=row["kind"],
                name=row["name"],
                payload=row["payload"],
                attempts=row["attempts"],
                discard=row["discard"],
                note=None if row["result"] is None else msgspec.json.decode(row["result"]),
            )
            for row in sorted(rows, key=lambda row: int(row["id"]))
        ]

    async def due(self, connection: Lent, now: datetime, limit: int) -> list[Timer]:
        """Take timers that are due, the earliest first; the caller records that they have fired."""
        rows = await connection.fetch(_DUE, self._process.name, now, limit)
        return [
            Timer(id=row["id"], origin=_origin(row, row["id"]), name=row["name"], due_at=row["due_at"])
            for row in sorted(rows, key=lambda row: (row["due_at"], row["id"]))
        ]

    async def save(self, connection: Lent, changes: UnitOfWork) -> None:
        """Write what reactions changed."""
        name = self._process.name
        ended = [(name, *key) for key in changes.ended]
        gone = [(name, *key) for key, state in changes.states.items() if state is None]
        kept = [
            (key[0], name, key[1], self._process.version, self._process.keep(state).decode())
            for key, state in changes.states.items()
            if state is not None
        ]
        cancelled = [(name, *key, timer) for (key, timer), due in changes.timers.items() if due is None]
        scheduled = [_timer(name, timer) for timer in changes.timers.values() if timer is not None]
        withdrawn = [(name, *key, kind, effect, changes.now) for key, kind, effect in changes.withdrawn]
        where = "where process = $1 and tenant_id = $2 and instance = $3"
        for statement, rows in (
            (f"delete from processes.timers {where}", ended),
            (f"delete from processes.timers {where} and name = $4", cancelled),
            (f"delete from processes.instances {where}", gone),
            (_WITHDRAW, withdrawn),
            (_KEEP, kept),
            (_SCHEDULE, scheduled),
            (_ENTRY, [_row(name, entry, changes.now) for entry in changes.entries]),
        ):
            if rows:
                await connection.executemany(statement, rows)

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete rows that ended before a moment, so many at the most; how many went. Their causes are read
        already, so that none of them comes up again."""
        async with self.transaction() as connection:
            answer: str = await connection.execute(_FORGET, self._process.name, before, limit)
        return int(answer.rpartition(" ")[2])

    async def fail(self, error: str | None) -> None:
        """Say why the lane stands still, or that it does not any more."""
        async with self.transaction() as connection:
            await connection.execute(
                "update processes.lanes set error = $2::text, "
                "failed_at = case when $2::text is null then null else clock_timestamp() end where process = $1",
                self._process.name,
                error,
            )

    async def finish(
        self,
        connection: Lent,
        claimed: Claimed,
        status: str,
        now: datetime,
        *,
        error: str | None = None,
        result: str | None = None,
        next_at: datetime | None = None,
    ) -> bool:
        """Record what came of a try; False when it was withdrawn meanwhile."""
        answer = await connection.execute(_FINISH, claimed.id, status, error, result, now, next_at)
        return bool(answer == "UPDATE 1")


async def waiting(pool: Pool, held: Collection[Lease], now: datetime) -> list[str]:
    """Those of the processes for which there may be a timer to fire or something to try."""
    names, tokens = [lease.process for lease in held], [lease.token for lease in held]
    return [row["process"] for row in await pool.fetch(_WAITING, names, tokens, now, timeout=TIMEOUT)]


def _columns(keys: Collection[Key]) -> tuple[list[UUID], list[str]]:
    return [tenant_id for tenant_id, _ in keys], [instance for _, instance in keys]


# A record's values have no static type.
def _origin(row: Any, cause: UUID) -> Cause:
    return Cause(
        tenant_id=row["tenant_id"],
        instance=row["instance"],
        cause=cause,
        event_id=row["event_id"],
        position=row["position"],
        correlation_id=row["correlation_id"],
    )


def _timer(process: str, timer: Timer) -> tuple[object, ...]:
    origin = timer.origin
    return (
        *(origin.tenant_id, process, origin.instance, timer.name, timer.id, timer.due_at),
        *(origin.event_id, origin.position, origin.correlation_id),
    )


def _row(process: str, entry: LedgerEntry, now: datetime) -> tuple[object, ...]:
    origin = entry.origin
    finished = None if entry.status in ("pending", "parked") else now
    return (
        *(origin.tenant_id, process, origin.instance, origin.cause, entry.key, entry.kind, entry.name),
        *(entry.payload.decode(), entry.attempts, entry.next_at, entry.status, entry.error),
        *(origin.event_id, origin.position, origin.correlation_id, now, finished),
    )
