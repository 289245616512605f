"""``headwater keys``: how the keys of personal data stand, and renewing them, of the platform and of all silos."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from typing import Annotated

import typer

from app.cli.answers import DONE, EXIT_CODES, REFUSED, AsJson, Declined, say_json
from app.cli.failures import sentence
from app.cli.place import Place, opened, placed, placed_everywhere
from app.cli.reconnect import Reconnecting
from app.keys import KeyRefused, master_of
from app.keys.rotation import Rotation, RotationProgress
from app.plurals import counted

_LOOK = 1.0
"""Seconds after which ``--watch`` looks again at what others are at work on."""

app = typer.Typer(help="Show and rotate the keys that seal personal data.", no_args_is_help=True)

Tenant = Annotated[
    str | None,
    typer.Option("--tenant", metavar="SLUG|ID", help="Only in the database of this tenant."),
]


@app.callback()
def keys_group() -> None:
    """Show and rotate the keys that seal personal data."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """How the keys of one database stand."""

    place: Place
    standing: RotationProgress

    @property
    def name(self) -> str:
        """The silo's tenant, or the platform."""
        return self.place.name or "platform"


@app.command("status", epilog=EXIT_CODES)
def status_command(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Show which master key is in use, and how many keys are still under former ones, in every database.

    Exit code 1: some are, so `headwater keys rewrap` has something to do.
    """
    stands = asyncio.run(_stands(tenant))
    behind = sum(stand.standing.behind for stand in stands)
    if as_json:
        counts = {field.name for field in fields(RotationProgress)} - {"master_key"}
        say_json(
            {
                "master_key": stands[0].standing.master_key,
                **{name: sum(getattr(stand.standing, name) for stand in stands) for name in sorted(counts)},
                "places": [{"place": stand.name, **asdict(stand.standing)} for stand in stands],
            }
        )
    else:
        typer.echo(f"Master key {stands[0].standing.master_key}")
        for stand in stands:
            _tell(stand)
    raise typer.Exit(REFUSED if behind else DONE)


def _tell(stand: _Stand) -> None:
    found = stand.standing
    typer.echo(
        f"{stand.name}: {counted(found.tenant_keys, 'key')} of {counted(found.tenants, 'tenant')}"
        + (f", {found.own_keys:,} of Headwater's own" if found.own_keys else "")
        + f"; {found.people:,} people with a key, {found.erased:,} erased"
    )
    if found.behind:
        typer.echo(
            f"  to be rewrapped: {counted(found.masters_behind, 'key')} of tenants, "
            f"{found.people_behind:,} of people"
        )


@app.command("rotate", epilog=EXIT_CODES)
def rotate_command(
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="SLUG|ID", help="Only this tenant's key, not the master key."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rotate the master key, or one tenant's; `headwater keys rewrap` rewraps the keys under it.

    Everything goes on meanwhile; former generations stay until nothing needs them.
    """

    async def renew() -> tuple[str, str]:
        async with placed(tenant) as place, _rotating(place) as rotation:
            if place.tenant is None:
                return await rotation.rotate_master(), ""
            try:
                return str(await rotation.rotate_tenant(place.tenant)), place.name
            except LookupError as error:
                raise Declined(f"The tenant {place.name} has no key.") from error

    generation, owner = asyncio.run(renew())
    if as_json:
        say_json({"tenant": owner or None, "made": generation})
    elif owner:
        typer.echo(f"The key of tenant {owner} is now in generation {generation}.")
    else:
        typer.echo(f"The master key is now {generation}.")


@app.command("rewrap", epilog=EXIT_CODES)
def rewrap_command(
    tenant: Tenant = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Continue until nothing is left, including what others work on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rewrap every key of a former generation with the present one, in every database, while the product runs."""
    count = asyncio.run(_until_none_is_behind(tenant, as_json) if watch else _wrapped(tenant))
    if not (watch and as_json):
        _say(count, as_json)


async def _until_none_is_behind(tenant: str | None, as_json: bool) -> int:
    # A server that is away for a while is no reason to start over.
    persisting = Reconnecting(forever=True, away=_away)

    async def once() -> tuple[int, int]:
        count = await _wrapped(tenant)
        return count, sum(stand.standing.behind for stand in await _stands(tenant))

    count = 0
    while True:
        wrapped, behind = await persisting.ask(once, within=None)
        count += wrapped
        if as_json:
            say_json({"rewrapped": wrapped, "behind": behind})
        elif behind:
            typer.echo(f"{counted(wrapped, 'key')} rewrapped, {behind:,} to go.")
        if not behind:
            return count
        await asyncio.sleep(_LOOK)


def _away(error: Exception) -> str | None:
    """What is to be said of a server that is away: the database, or who keeps the master key."""
    return None if isinstance(error, Declined | KeyRefused) else sentence(error)


async def _wrapped(tenant: str | None) -> int:
    """Rewrap what is behind; how many keys that were."""
    count = 0
    async for place in placed_everywhere(tenant):
        async with _rotating(place) as rotation:
            async for wrapped in rotation.rewrap():
                count += wrapped
    return count


async def _stands(tenant: str | None) -> list[_Stand]:
    found: list[_Stand] = []
    async for place in placed_everywhere(tenant):
        async with _rotating(place) as rotation:
            found.append(_Stand(place, await rotation.standing()))
    return found


def _say(count: int, as_json: bool) -> None:
    if as_json:
        say_json({"rewrapped": count})
    else:
        typer.echo(f"{counted(count, 'key')} rewrapped.")


@asynccontextmanager
async def _rotating(place: Place) -> AsyncIterator[Rotation]:
    async with opened(place.settings, writers=2) as database:
        master = await master_of(place.settings, database.writer)
        try:
            yield Rotation(database, master)
        finally:
            await master.close()
