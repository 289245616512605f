"""What the commands for operators share: the place they work on, how they answer, and their exit codes."""

import asyncio
import getpass
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Annotated, Any, TypeVar

import asyncpg
import orjson
import typer

from app.database import Pool, plain_url
from app.embedded import EmbeddedError, attached
from app.settings import Settings, read_settings
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.refusals import Refusal
from projections.operations.operating import Done, Operation, Operations

T = TypeVar("T")

DONE, REFUSED, UNREACHABLE = 0, 1, 2
"""The exit codes that scripts go by."""

EXIT_CODES = (
    "Exit code 0: done. 1: refused, or it did not end well. "
    "2: the command is not understood, or the database could not be reached."
)
"""Closes the help of each command for operators."""

AsJson = Annotated[
    bool, typer.Option("--json", help="Answer in JSON: one document, or a line for each change.")
]

SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone; it gives one each second."""

_EMPTY = (
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
"""What a database says that was never migrated: no tables, or no roles."""

_WORKERS = """
select name from ops.workers
 where kind = 'worker' and clock_timestamp() - heartbeat_at < make_interval(secs => $1) order by name
"""


def settled(settings: Settings, *, secret: bool = True) -> AbstractAsyncContextManager[Settings]:
    """The settings with the database's address, and the ``secret`` for who connects by roles.

    Only that matters here, so with it given no other server is looked for.
    """
    enough = settings.database_url and (settings.secret or not secret)
    return nullcontext(settings) if enough else attached(settings)


@asynccontextmanager
async def reading() -> AsyncIterator[Pool]:
    """The database, for those who only look."""
    async with settled(read_settings(), secret=False) as settings:
        url = plain_url(settings.database_url)
        async with asyncpg.create_pool(url, min_size=1, max_size=1, timeout=10) as pool:
            yield pool


@asynccontextmanager
async def operating() -> AsyncIterator[tuple[Operations, Pool]]:
    """The operations of the place, and its database."""
    from app.writing import operating as assembled

    async with settled(read_settings()) as settings:
        async with assembled(settings) as (database, operations):
            yield operations, database.writer


def reached(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What the work gives; ends the command with its own exit code when the database cannot be reached."""
    try:
        return asyncio.run(work())
    except _EMPTY as error:
        typer.echo("headwater: the database has not been set up yet: `headwater migrate` does it.", err=True)
        raise typer.Exit(UNREACHABLE) from error
    except (OSError, EmbeddedError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        typer.echo(f"headwater: the database could not be reached: {error}", err=True)
        raise typer.Exit(UNREACHABLE) from error


def asker() -> str:
    """How the audit names whoever types a command: the account and the machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "somebody"
    return f"{account} on {socket.gethostname()}"[:200]


async def carry_out(operations: Operations, operation: Operation) -> Done | Refusal:
    """Does what is asked, on behalf of whoever has the machine."""
    return await operations.carry_out(operation, by=Caller(tenant_id=PLATFORM, user_id=SYSTEM))


async def workers(pool: Pool) -> list[str]:
    """The names of the workers that are at work."""
    return [row["name"] for row in await pool.fetch(_WORKERS, SILENCE)]


def say_json(value: object) -> None:
    """One line of JSON."""
    # The driver's ids are UUIDs of a class of their own.
    typer.echo(orjson.dumps(value, default=str).decode())


def refuse(refusal: Refusal, as_json: bool) -> typer.Exit:
    """Says why, and the exit that follows."""
    if as_json:
        say_json({"refused": {"code": refusal.code, "message": refusal.message}})
    else:
        typer.echo(f"headwater: {refusal.message}", err=True)
    return typer.Exit(REFUSED)


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table as wide as it has to be: names are whole on every terminal, for they are what is typed next.

    Columns named in ``right`` are of numbers.
    """
    lines = [headings, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    for line in lines:
        cells = [
            text.rjust(width) if heading in right else text.ljust(width)
            for heading, text, width in zip(headings, line, widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
