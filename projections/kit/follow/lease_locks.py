"""Leases as Postgres knows them: advisory locks of sessions, and how long their holder may be silent."""

import asyncio

from projections.kit.store.generations import Connection

LANES = 0x4877
"""The class of the locks of lanes, by the lane's id."""
WORKERS = 0x4878
"""The class of the locks of workers, by the worker's id."""
PROCESSES = 0x4879
"""The class of the locks of processes, by the process's id."""

SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone, though its session may still be there."""
TIMEOUT = 5.0
"""Seconds after which a session that does not answer counts as lost."""

_LOCK = "select pg_try_advisory_lock($1::int, $2::int)"
_UNLOCK = "select pg_advisory_unlock($1::int, $2::int)"
_END_HOLDERS = """
select pg_terminate_backend(k.pid) from pg_locks k
 where k.locktype = 'advisory' and k.granted and k.classid = $1::int::oid and k.objid = $2::int::oid
   and k.database = (select oid from pg_database where datname = current_database())
   and k.pid <> pg_backend_pid()
"""
_ATTEMPTS = 20
_BETWEEN = 0.05
"""Seconds between two attempts at a lock whose holder's session is being ended."""


async def prepare(connection: Connection) -> None:
    """Make a session fit to hold leases: whoever was stopped in the middle of something must not stop it too."""
    await connection.execute("set lock_timeout = '2s'", timeout=TIMEOUT)


async def take_lock(connection: Connection, locks: int, id: int, *, stale: bool) -> bool:
    """Try to take a lock of a class; a ``stale`` holder, who is silent, loses its session first."""
    if await connection.fetchval(_LOCK, locks, id, timeout=TIMEOUT):
        return True
    if not stale:
        return False
    await connection.execute(_END_HOLDERS, locks, id, timeout=TIMEOUT)
    for _ in range(_ATTEMPTS):
        if await connection.fetchval(_LOCK, locks, id, timeout=TIMEOUT):
            return True
        await asyncio.sleep(_BETWEEN)
    return False


async def give_lock_back(connection: Connection, locks: int, id: int) -> None:
    """End a lock of this session."""
    await connection.execute(_UNLOCK, locks, id, timeout=TIMEOUT)
