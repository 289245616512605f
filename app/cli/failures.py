"""What a command says of a server that is away or a setting that is wrong: one sentence, and no traceback."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.answers import UNREACHABLE, Declined, StillAway, refuse, wants_json
from app.embedded import EmbeddedError
from app.settings import SettingsError

if TYPE_CHECKING:
    from typer._click import Context

_NOT_SET_UP = "the database has not been set up yet: `headwater migrate` does it"
_NOBODY = {
    errno.ENOENT: "nothing listens on its socket",
    errno.ECONNREFUSED: "nothing listens there",
}

_BESIDE = ("asyncpg.pool", "app.keys.invalidation", "projections.kit.read.live_generations")
"""What goes on beside a command and tries again by itself when the database is away."""
_NOWHERE = logging.NullHandler()


def _hush() -> None:
    """Keep their lines, and their tracebacks, from the terminal: the command itself says what is away.

    Programs that serve have handlers of their own, which go on hearing them.
    """
    for name in _BESIDE:
        logging.getLogger(name).addHandler(_NOWHERE)


@contextmanager
def failures_reported(context: "Context") -> Iterator[None]:
    """End the command with a sentence where an error is not ours; anything else rises, for it is a fault."""
    _hush()
    try:
        yield
    except Exception as error:
        from domain.kit.refusals import Refusal

        if isinstance(error, Refusal | Declined):
            raise refuse(error, wants_json(context)) from error
        if isinstance(error, StillAway):
            typer.echo(f"headwater: {error}", err=True)
        elif (said := sentence(error)) is not None:
            typer.echo(f"headwater: {said.rstrip('.')}.", err=True)
        else:
            raise
        raise typer.Exit(UNREACHABLE) from error


def sentence(error: BaseException) -> str | None:
    """What is to be said of an error; None where it is a fault of the program."""
    if isinstance(error, SettingsError | EmbeddedError):
        return str(error)
    if isinstance(error, BaseExceptionGroup):
        return next((said for exception in error.exceptions if (said := sentence(exception))), None)
    return _of_postgres(error) or _of_others(error) or _of_the_system(error)


def database_away(error: BaseException) -> str | None:
    """What is to be said of a database that is away for the moment; None of anything else."""
    from projections.kit.read.unavailable import is_away

    if not is_away(error):
        return None
    return _of_postgres(error) or _of_the_system(error)


def _of_postgres(error: BaseException) -> str | None:
    if "asyncpg" not in sys.modules:
        return None
    import asyncpg

    if isinstance(
        error,
        asyncpg.UndefinedTableError
        | asyncpg.InvalidSchemaNameError
        | asyncpg.InvalidAuthorizationSpecificationError
        | asyncpg.UndefinedFunctionError
        | asyncpg.UndefinedColumnError,
    ):
        return _NOT_SET_UP
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return f"the database could not be reached: {error}"
    # The driver's word for a server's farewell that comes just as a statement is sent.
    if type(error) is asyncpg.InternalClientError:
        return "the database could not be reached: it ended the connection"
    return None


def _of_others(error: BaseException) -> str | None:
    """Of Redis, of OpenSearch, and of whoever keeps the keys. What was never loaded has not failed."""
    for module, names, what in (
        ("projections.kit.read.circuit_breaker", ("Unavailable",), "a server could not be reached"),
        ("redis.exceptions", ("RedisError",), "Redis could not be reached"),
        ("opensearchpy.exceptions", ("OpenSearchException",), "OpenSearch could not be reached"),
        ("projections.kit.store.store", ("Lost",), "a store lost what it held"),
        ("domain.kit.sealed", ("KeysUnavailable",), "the keys cannot be reached"),
        ("app.keys", ("KeyRefused",), "the keys are refused"),
    ):
        loaded = sys.modules.get(module)
        kinds = tuple(getattr(loaded, name) for name in names) if loaded else ()
        if isinstance(error, kinds):
            return f"{what}: {error}"
    return None


def _of_the_system(error: BaseException) -> str | None:
    if isinstance(error, TimeoutError):
        return "the database could not be reached: it does not answer"
    if isinstance(error, OSError):
        if error.filename is not None:
            return f"{error.filename}: {error.strerror}"
        return f"the database could not be reached: {_NOBODY.get(error.errno or 0) or error}"
    if isinstance(error, UnicodeError) and "idna" in str(error):
        return "the database could not be reached: its address names no host"
    return None
