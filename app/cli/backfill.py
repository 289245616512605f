"""``headwater backfill``: bring old data up to what new code expects."""

import asyncio

import typer

from app.embedded import attached
from app.settings import Settings, read_settings

app = typer.Typer(help="Bring old data up to what new code expects.", no_args_is_help=True)


@app.callback()
def backfill() -> None:
    """Bring old data up to what new code expects."""


@app.command()
def tags() -> None:
    """Give tasks without tags those found in their title and description. Safe to repeat."""

    async def work() -> int:
        async with attached(read_settings()) as settings:
            return await _tags(settings)

    print(f"{asyncio.run(work())} tasks got tags.")


async def _tags(settings: Settings) -> int:
    from app.backfill import extract_tags
    from app.writing import commanding

    async with commanding(settings) as (database, bus):
        return await extract_tags(database, bus)
