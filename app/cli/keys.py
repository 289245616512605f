"""``headwater keys``: how the keys of personal data stand, and renewing them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer

from app.cli.place import DONE, EXIT_CODES, REFUSED, UNREACHABLE, AsJson, reached, say_json, settled
from app.database import Database
from app.keys import KeyRefused, master_of
from app.keys.rotation import KeyStanding, Rotation
from app.settings import read_settings
from domain.kit.sealed import KeysUnavailable

T = TypeVar("T")

_LOOK = 60.0
"""Seconds after which ``--watch`` looks again."""

app = typer.Typer(help="See and renew the keys of personal data.", no_args_is_help=True)


@app.callback()
def keys_group() -> None:
    """See and renew the keys of personal data."""


@app.command("status", epilog=EXIT_CODES)
def status_command(as_json: AsJson = False) -> None:
    """Say which master key is in use, and how many keys are still under former ones.

    Exit code 1: some are, so `headwater keys rewrap` has something to do.
    """

    async def look(rotation: Rotation) -> KeyStanding:
        return await rotation.standing()

    found = _run(look)
    if as_json:
        say_json(asdict(found))
    else:
        typer.echo(f"Master key {found.master_key}")
        typer.echo(f"{found.tenant_keys:,} keys of {found.tenants:,} tenants")
        typer.echo(f"{found.people:,} people with a key, {found.erased:,} erased")
        if found.behind:
            typer.echo(
                f"To be wrapped anew: {found.masters_behind:,} keys of tenants, {found.people_behind:,} of people"
            )
    raise typer.Exit(REFUSED if found.behind else DONE)


@app.command("rotate", epilog=EXIT_CODES)
def rotate_command(
    tenant: Annotated[UUID | None, typer.Option(help="Only this tenant's key, not the master key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new generation of the master key, or of one tenant's; `headwater keys rewrap` brings it into use.

    Everything goes on meanwhile; former generations stay until nothing needs them.
    """

    async def renew(rotation: Rotation) -> str:
        if tenant is None:
            return await rotation.rotate_master()
        return str(await rotation.rotate_tenant(tenant))

    made = _run(renew)
    if as_json:
        say_json({"tenant": tenant, "made": made})
    elif tenant is None:
        typer.echo(f"The master key is now {made}.")
    else:
        typer.echo(f"The key of tenant {tenant} is now in generation {made}.")


@app.command("rewrap", epilog=EXIT_CODES)
def rewrap_command(
    watch: Annotated[bool, typer.Option(help="Go on, and look again each minute.")] = False,
    as_json: AsJson = False,
) -> None:
    """Wrap anew every key that is under a former generation, beside whatever is going on."""

    async def wrap(rotation: Rotation) -> int:
        count = 0
        while True:
            try:
                async for some in rotation.rewrap():
                    count += some
                    if watch:
                        _say(some, as_json)
            except (KeysUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                if not watch:
                    raise
                typer.echo(f"headwater: {error}", err=True)
            if not watch:
                return count
            await asyncio.sleep(_LOOK)

    _say(_run(wrap), as_json)


def _say(count: int, as_json: bool) -> None:
    if as_json:
        say_json({"rewrapped": count})
    else:
        typer.echo(f"{count:,} keys wrapped anew.")


def _run(work: Callable[[Rotation], Awaitable[T]]) -> T:
    async def at_place() -> T:
        async with _rotating() as rotation:
            return await work(rotation)

    try:
        return reached(at_place)
    except (KeyRefused, LookupError) as error:
        typer.echo(f"headwater: {error}", err=True)
        raise typer.Exit(REFUSED) from error
    except KeysUnavailable as error:
        typer.echo(f"headwater: {error}", err=True)
        raise typer.Exit(UNREACHABLE) from error


@asynccontextmanager
async def _rotating() -> AsyncIterator[Rotation]:
    async with settled(read_settings()) as settings:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
        try:
            master = await master_of(settings, database.writer)
            try:
                yield Rotation(database, master)
            finally:
                await master.close()
        finally:
            await database.close()
