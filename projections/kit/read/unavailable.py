"""Which faults mean that a server is away for the moment, so that the same request may go well later."""

import sys

import asyncpg
from redis import exceptions as redis

from domain.kit.sealed import KeysUnavailable
from projections.kit.read.allowance import TookTooLong
from projections.kit.read.circuit_breaker import Unavailable

_AWAY: tuple[type[BaseException], ...] = (
    Unavailable,
    KeysUnavailable,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.TargetServerAttributeNotMatched,
    redis.ConnectionError,
    redis.TimeoutError,
    redis.OutOfMemoryError,
    redis.ReadOnlyError,
)
_CLASSES = {"53", "57", "58"}
"""Of SQL states: resources (a full disk, too many connections), an operator's intervention, system errors."""
_STATES = {"25006"}
"""Read-only transaction: the server was demoted to a replica, and its address will name the new primary."""
_OF_THE_CONNECTION = (
    "connection is closed",
    "connection has been released",
    "pool is clos",
    "connection was closed",
)


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised from, says that a server cannot be used for the moment.

    A full disk, a server that starts, stops, hangs or was demoted, and a connection that broke are; a mistake in
    a statement is not, nor is a statement that was cut off for taking too long.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, _AWAY) or _by_state(error) or _by_connection(error) or _of_search(error):
            return True
        seen.add(id(error))
        error = error.__cause__
    return False


def _of_search(error: BaseException) -> bool:
    # The library takes long to load; where nothing has loaded it, it has raised nothing.
    if "opensearchpy" not in sys.modules:
        return False
    from opensearchpy.exceptions import ConnectionError as NoSearch

    return isinstance(error, NoSearch)


def is_cut_off(error: BaseException) -> bool:
    """Whether a statement was ended, or not begun, because it and others took too long."""
    return isinstance(error, asyncpg.QueryCanceledError | TookTooLong)


def _by_state(error: BaseException) -> bool:
    if not isinstance(error, asyncpg.PostgresError) or isinstance(error, asyncpg.QueryCanceledError):
        return False
    state = str(error.sqlstate or "")
    return state[:2] in _CLASSES or state in _STATES


def _by_connection(error: BaseException) -> bool:
    # The driver's word for a server's farewell that comes just as a statement is sent.
    if type(error) is asyncpg.InternalClientError:
        return True
    if not isinstance(error, asyncpg.InterfaceError):
        return False
    return any(words in str(error) for words in _OF_THE_CONNECTION)
