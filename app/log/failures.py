"""Which failures of a connection mean that trying again is right."""

import asyncpg

from projections.kit.read.circuit_breaker import Unavailable

LOST: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    # A server that was demoted to a replica; the address will name the new primary.
    asyncpg.ReadOnlySQLTransactionError,
    # The driver's word for a server's farewell that comes just as a statement is sent.
    asyncpg.InternalClientError,
)
"""The server is away, restarting, or threw this connection out."""

AGAIN: tuple[type[Exception], ...] = (asyncpg.TransactionRollbackError,)
"""Deadlocks and the like: nothing was stored, and the same may pass now."""


def lacks_partition(error: Exception) -> bool:
    """Whether the statement had planned before the partition was there that another session had just made."""
    return isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None


UNFIT: tuple[type[Exception], ...] = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)
"""A value is none that Postgres can hold: no JSON, too long, out of range."""


class LogUnavailable(Unavailable):
    """The log cannot be reached. Whether the command was stored is unknown; its id makes a retry safe."""


def hits_all(error: Exception) -> bool:
    """Whether the failure is the server's, so that no single command of the batch is to blame."""
    return isinstance(error, asyncpg.PostgresError) and str(error.sqlstate or "")[:2] in _OF_THE_SERVER


# Resources, operator's intervention, system, internal, transaction state, log-in, no such database.
_OF_THE_SERVER = {"53", "57", "58", "XX", "25", "28", "3D"}
