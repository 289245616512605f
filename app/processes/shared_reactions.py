"""Reactions of the processes of one worker: those that a page concerns load together, and save together."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
import msgspec

from app.processes import process_statements
from app.processes.lease import Lease
from app.processes.unit_of_work import Cause, Key, LedgerEntry, StoredState, Timer, UnitOfWork
from app.storage.database import Lent, Pool
from projections.kit.shared_turns import SharedTurns

_SHARED = 200
"""Instances, or rows to be written, up to which a page shares its statements with those of other processes."""

Loaded = tuple[dict[Key, StoredState], set[Key]]
"""The states of instances that have one, and those of the instances that have to wait until an earlier reaction
has been repaired."""

# Of JSON, hence Any.
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""The rows of each part of `process_statements.save` that has some."""


@dataclass(frozen=True, slots=True)
class ReactionLoad:
    """The instances of a process that events concern."""

    process: str
    keys: Collection[Key]


@dataclass(slots=True)
class ReactionSave:
    """What reactions to events that follow on ``after`` changed, and where the lane goes on to."""

    lease: Lease
    after: int
    until: int
    rows: Rows
    unknown: bool = field(default=False, init=False)
    """Whether it was tried, and nobody knows what came of that."""


class PassingProcess(Protocol):
    """A process that has read events to which it does not react."""

    lease: Lease
    position: int
    saved: int


class SharedReactions:
    """Loads and saves of several processes in one statement each. What fails together is tried again by each
    alone; the fence lets a page be saved once."""

    def __init__(self, pool: Pool, alone: Pool) -> None:
        """``alone`` lends connections to what is large or is tried again, which may be held up; ``pool`` to the
        rest."""
        self._alone = alone
        self._loads = SharedTurns(_load, pool, alone, order=lambda load: load.process)
        self._saves = SharedTurns(self._save, pool, alone, order=lambda save: save.lease.process)

        self.passing: Callable[[], Mapping[str, PassingProcess]] = dict
        """Processes of the same worker, by name, whose positions are not on record; a save takes them along."""

    async def load(self, load: ReactionLoad) -> Loaded:
        """Raises what the server does."""
        if len(load.keys) > _SHARED:
            (loaded,) = await _load(self._alone, [load])
            return loaded
        return await self._loads.ask(load)

    async def save(self, save: ReactionSave) -> bool:
        """Whether the fence let it through. Raises what the server does."""
        if sum(map(len, save.rows.values())) > _SHARED:
            (through,) = await self._save(self._alone, [save])
            return through
        return await self._saves.ask(save)

    async def _save(self, pool: Pool, saves: Sequence[ReactionSave]) -> Sequence[bool]:
        parts: dict[str, list[Any]] = {}
        for save in saves:
            for part, rows in save.rows.items():
                parts.setdefault(part, []).extend(rows)
        # In one order, so that the server has the statement ready.
        names = tuple(sorted(parts))
        passing = dict(self.passing())
        for save in saves:
            passing.pop(save.lease.process, None)
        positions = {process: worker.position for process, worker in passing.items()}
        try:
            moved = await pool.fetch(
                process_statements.save(names, fenced=True),
                [save.lease.process for save in saves],
                [save.lease.token for save in saves],
                [save.after for save in saves],
                [save.until for save in saves],
                list(passing),
                [worker.lease.token for worker in passing.values()],
                list(positions.values()),
                *(_json(parts[name]) for name in names),
            )
        except BaseException as error:
            if not isinstance(error, asyncpg.PostgresError) or isinstance(error, _CUT_OFF):
                for save in saves:
                    save.unknown = True
            raise
        through = {row["process"] for row in moved if not row["passed"]}
        for row in moved:
            if row["passed"]:
                passing[row["process"]].saved = positions[row["process"]]
        return [save.lease.process in through for save in saves]


async def write(connection: Lent, rows: Rows) -> None:
    """Write in a transaction of the caller's, who holds the lane."""
    if rows:
        await connection.execute(
            process_statements.save(tuple(rows), fenced=False), *map(_json, rows.values())
        )


def rows_of(changes: UnitOfWork) -> Rows:
    """What reactions changed, as rows."""
    process, now = changes.process, changes.now
    scheduled = [timer for timer in changes.timers.values() if timer is not None]
    rescheduled: dict[Key, list[str]] = {}
    for timer in scheduled:
        rescheduled.setdefault(timer.origin.key, []).append(timer.name)
    parts = {
        "voided": [
            *(_at(process.name, key) | {"but": rescheduled.get(key, ())} for key in changes.ended),
            *(
                _at(process.name, key) | {"name": name}
                for (key, name), timer in changes.timers.items()
                if timer is None
            ),
        ],
        "gone": [_at(process.name, key) for key, state in changes.states.items() if state is None],
        "withdrawn": [
            _at(process.name, key) | {"kind": kind, "name": name, "at": now}
            for key, kind, name in changes.withdrawn
        ],
        "kept": [
            _at(process.name, key) | {"version": process.version, "state": msgspec.Raw(process.keep(state))}
            for key, state in changes.states.items()
            if state is not None
        ],
        "scheduled": [_timer(process.name, timer) for timer in scheduled],
        "entries": [_entry(process.name, entry) | {"made_at": now} for entry in changes.entries],
    }
    for row in parts["entries"]:
        row["finished_at"] = None if row["status"] in ("pending", "parked") else now
    return {part: rows for part, rows in parts.items() if rows}


async def _load(pool: Pool, loads: Sequence[ReactionLoad]) -> Sequence[Loaded]:
    instances = [(load.process, *key) for load in loads for key in load.keys]
    found: dict[str, Loaded] = {load.process: ({}, set()) for load in loads}
    for row in await pool.fetch(process_statements.LOAD, *zip(*instances, strict=True)):
        states, blocked = found[row["process"]]
        key = row["tenant_id"], row["instance"]
        if row["version"] is not None:
            states[key] = StoredState(row["version"], row["state"])
        if row["blocked"]:
            blocked.add(key)
    return [found[load.process] for load in loads]


_CUT_OFF = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
"""Errors of the server after which nobody knows whether it has committed."""


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def _at(process: str, key: Key) -> dict[str, Any]:
    return {"process": process, "tenant_id": key[0], "instance": key[1]}


def _caused(process: str, origin: Cause) -> dict[str, Any]:
    return _at(process, origin.key) | {
        "event_id": origin.event_id,
        "position": origin.position,
        "correlation_id": origin.correlation_id,
    }


def _timer(process: str, timer: Timer) -> dict[str, Any]:
    return _caused(process, timer.origin) | {
        "name": timer.name,
        "id": timer.id,
        "due_at": timer.due_at,
    }


def _entry(process: str, entry: LedgerEntry) -> dict[str, Any]:
    return _caused(process, entry.origin) | {
        "cause": entry.origin.cause,
        "key": entry.key,
        "kind": entry.kind,
        "name": entry.name,
        "payload": msgspec.Raw(entry.payload),
        "attempts": entry.attempts,
        "next_at": entry.next_at,
        "status": entry.status,
        "error": entry.error,
    }
