"""``headwater certificates`` and ``backfill``: what is done once, before a server starts or after new code."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.answers import EXIT_CODES, AsJson, say_json
from app.cli.place import InSilo, placed
from app.plurals import counted

app = typer.Typer(help="Bring old data up to what new code expects.", no_args_is_help=True)


@app.callback()
def backfill() -> None:
    """Bring old data up to what new code expects."""


@app.command(epilog=EXIT_CODES)
def tags(tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Tag tasks without tags with those found in their title and description. Safe to repeat."""
    count = asyncio.run(_tags(tenant))
    if as_json:
        say_json({"tasks": count})
    else:
        typer.echo(f"{counted(count, 'task')} got tags.")


async def _tags(tenant: str | None) -> int:
    from app.composition.write_side import commanding
    from app.storage.backfill import extract_tags

    async with placed(tenant, whole=True) as place, commanding(place.settings) as (database, bus):
        return await extract_tags(database, bus)


def certificates(
    folder: Annotated[Path, typer.Argument(help="The target folder: a subfolder for each name, and `ca`.")],
    names: Annotated[
        list[str], typer.Argument(help="Host names, maybe with the uid of the server: `db:999`.")
    ],
    as_json: AsJson = False,
) -> None:
    """Create certificates for the internal servers, if there are none; docker-compose.yml starts with it."""
    from app.storage.certificates import make_certificates

    owners: dict[str, int | None] = {}
    for name in names:
        host, _, uid = name.partition(":")
        if not host or (uid and not (uid.isascii() and uid.isdigit())):
            raise typer.BadParameter(f"{name!r} is not a host name, or one with a uid.")
        owners[host] = int(uid) if uid else None
    created = make_certificates(folder, owners)
    if as_json:
        say_json({"made": created})
        return
    typer.echo("Created, with an authority of their own." if created else "They exist already.")


commands = {"certificates": (certificates, EXIT_CODES)}
