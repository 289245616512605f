"""``headwater backfill``: bring old data up to what new code expects."""

import asyncio

import typer

from app.cli.answers import EXIT_CODES, AsJson, say_json
from app.cli.place import InSilo, placed

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
        typer.echo(f"{count} {'task' if count == 1 else 'tasks'} got tags.")


async def _tags(tenant: str | None) -> int:
    from app.composition.write_side import commanding
    from app.storage.backfill import extract_tags

    async with placed(tenant, whole=True) as place, commanding(place.settings) as (database, bus):
        return await extract_tags(database, bus)
