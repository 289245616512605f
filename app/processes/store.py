"""State, timers, ledger and checkpoint of one process in Postgres: every change under its lease."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.log.reader import head_of
from app.processes.lease import Lease
from app.processes.process_statements import CLAIM, CLAIM_EACH, WAITING
from app.processes.shared_reactions import Loaded, ReactionLoad, ReactionSave, SharedReactions, rows_of, write
from app.processes.unit_of_work import Cause, Key, StoredState, Timer, UnitOfWork
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
update processes.lanes set position = greatest(position, $4), moved_at = clock_timestamp()
 where process = $1 and token = $2
returning set_config('idle_in_transaction_session_timeout', $3, true)
"""
_STATES = """
select tenant_id, instance, version, state from processes.instances
 where process = $1 and (tenant_id, instance) in (select * from unnest($2::uuid[], $3::text[]))
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

    def __init__(
        self, pool: Pool, process: Process[Any], lease: Lease, shared: SharedReactions | None = None
    ) -> None:
        """Processes of one worker may have their reactions ``shared``."""
        self._pool = pool
        self._shared = shared or SharedReactions(pool, pool)
        self._turn = asyncio.Lock()
        """Held by who writes, from what they load on."""
        self._unsettled = False
        """Whether a transaction ended in a failure, and may still be under way."""
        self._read = 0
        """Up to where events were read that changed nothing, if that is not on record yet."""
        self._process = process
        self.lease = lease

    @asynccontextmanager
    async def transaction(self, *, seconds: float = 10) -> AsyncIterator[Lent]:
        """A transaction that nobody else writes for this process beside; the server ends it when its holder is
        stopped in the middle for ``seconds``."""
        async with self._turn, self._transaction(seconds) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, seconds: float = 10) -> AsyncIterator[Lent]:
        arguments = (self._process.name, self.lease.token, str(int(seconds * 1000)))
        async with self._pool.acquire() as connection, connection.transaction():
            # Whoever has the lane next does not react to them again, in the state that is written now.
            read = self._read
            held = connection.fetchrow(_HOLD_AND_MOVE, *arguments, read) if read else None
            if await (held or connection.fetchrow(_HOLD, *arguments)) is None:
                raise LeaseLost(f"{self._process.name} was taken by another worker")
            self._unsettled = True
            yield connection
        self._unsettled = False
        if self._read == read:
            self._read = 0

    async def react(
        self, keys: Collection[Key], reaction: Callable[[Loaded], UnitOfWork], *, after: int, until: int
    ) -> UnitOfWork:
        """Load the states of these instances, write what the reaction to events that follow on ``after`` changes,
        and move the checkpoint to ``until`` with it; where nothing changes, nothing is written. LeaseLost, too,
        when nobody knows whether it was written, and where the checkpoint stands beyond ``after`` by a commit
        whose answer got lost."""
        async with self._turn:
            if self._unsettled:
                # It holds the lane until it is known what became of it.
                async with self._transaction():
                    pass
            changes = reaction(await self._shared.load(ReactionLoad(self._process.name, keys)))
            if changes.empty:
                self._read = until
                return changes
            save = ReactionSave(self.lease, after, until, rows_of(changes))
            try:
                if await self._saved(save):
                    self._read = 0
                    return changes
            except Exception as error:
                if not save.unknown:
                    raise
                raise LeaseLost(f"nobody knows whether {self._process.name} has reacted") from error
            raise LeaseLost(f"{self._process.name} was taken by another worker, or was moved meanwhile")

    async def _saved(self, save: ReactionSave) -> bool:
        """Whether the fence let it through. Who is cancelled waits for it all the same: nobody else may load
        before it has ended."""
        saving = asyncio.ensure_future(self._shared.save(save))
        try:
            return await asyncio.shield(saving)
        except asyncio.CancelledError:
            await asyncio.wait([saving])
            if not saving.cancelled():
                # What it raised is nobody's any more.
                saving.exception()
            raise

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
        arguments = [self.lease.process], [self.lease.token], now
        return bool(await self._pool.fetch(WAITING, *arguments, timeout=TIMEOUT))

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
        await write(connection, rows_of(changes))

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
