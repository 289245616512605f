"""Leases of processes: an advisory lock of the holder's session, a token that only grows, a beat each second."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.processes.process_statements import WAITING
from app.storage.database import Connection, Pool
from domain.kit.process.process import Process
from projections.kit.follow.lease_locks import PROCESSES, TIMEOUT, give_lock_back, take_lock

_ENROLL = """
insert into processes.lanes (process, version, since, position)
select $1, $2, head, head from (select coalesce(max(position), 0) as head from es.events) log
on conflict (process) do nothing
"""
_STANDING = """
select l.id, coalesce(clock_timestamp() - h.beat_at > make_interval(secs => $2), false) as stale
  from processes.lanes l left join processes.holders h using (process)
 where l.process = $1
"""
_TAKE = """
update processes.lanes set token = token + 1, version = $2, error = null, failed_at = null
 where process = $1 and version <= $2
returning token, position
"""
_HOLD = """
insert into processes.holders (process, holder, pid) values ($1, $2, pg_backend_pid())
on conflict (process) do update set holder = excluded.holder, pid = excluded.pid, beat_at = clock_timestamp()
"""
# Heard of by those who take leases; the disk is not waited for: with the server, the session goes too.
_BEAT = """
with quick as materialized (select set_config('synchronous_commit', 'off', true)), beaten as (
    update processes.holders set beat_at = clock_timestamp() from quick
     where process = any($1) and pid = pg_backend_pid()
)
"""
_BEAT_AND_LOOK, _BEAT_ALONE = f"{_BEAT} {WAITING}", f"{_BEAT} select"


class ProcessRefused(Exception):
    """The database holds state of a newer version of the process than this code knows."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a process, as long as the token is the newest."""

    process: str
    id: int
    token: int
    position: int


async def enroll(pool: Pool, process: Process[Any] | type[Process[Any]]) -> None:
    """Make the process known: it reacts to what is appended from now on. Safe to repeat.

    Raises ProcessRefused when newer code has run it; its state could not be read.
    """
    await pool.execute(_ENROLL, process.name, process.version)
    version = await pool.fetchval("select version from processes.lanes where process = $1", process.name)
    if version > process.version:
        raise ProcessRefused(
            f"The process {process.name} was run by version {version} of its code, and this is version "
            f"{process.version}; run code that knows version {version}."
        )


async def take(connection: Connection, process: Process[Any], holder: str, stale: float) -> Lease | None:
    """Try to lease a process; None when another has it. A holder without a beat for ``stale`` seconds loses
    its session."""
    standing = await connection.fetchrow(_STANDING, process.name, stale, timeout=TIMEOUT)
    if standing is None:
        return None
    if not await take_lock(connection, PROCESSES, standing["id"], stale=standing["stale"]):
        return None
    try:
        row = await connection.fetchrow(_TAKE, process.name, process.version, timeout=TIMEOUT)
        if row is not None:
            await connection.execute(_HOLD, process.name, holder, timeout=TIMEOUT)
            return Lease(process.name, standing["id"], row["token"], row["position"])
    except asyncpg.LockNotAvailableError:
        # A transaction of the last holder is still open; the server ends it soon.
        pass
    await give_lock_back(connection, PROCESSES, standing["id"])
    return None


async def beat(connection: Connection, held: Collection[Lease], now: datetime) -> list[str]:
    """Show that the holder lives; those of the processes for which there may be something to do."""
    names, tokens = [lease.process for lease in held], [lease.token for lease in held]
    try:
        rows = await connection.fetch(_BEAT_AND_LOOK, names, tokens, now, timeout=TIMEOUT)
    except asyncpg.PostgresError:
        # A table is away, or locked: each process finds that out for itself, and goes on with what it can.
        await connection.execute(_BEAT_ALONE, names, timeout=TIMEOUT)
        return names
    return [row["process"] for row in rows]


async def give_back(connection: Connection, lease: Lease) -> None:
    """End a lease."""
    await connection.execute(
        "delete from processes.holders where process = $1 and pid = pg_backend_pid()",
        lease.process,
        timeout=TIMEOUT,
    )
    await give_lock_back(connection, PROCESSES, lease.id)
