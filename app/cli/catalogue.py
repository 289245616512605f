"""``headwater catalogue`` and ``mask-dump``: what data there are, and a copy of them that holds nobody's."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli.place import EXIT_CODES, AsJson, reached, say_json, say_table, settled
from app.settings import read_settings


class Part(StrEnum):
    """What a dump may hold."""

    EVENTS = "events"
    VIEWS = "views"


def catalogue(
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the page of the documentation.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one line for each field.")] = False,
) -> None:
    """List every field that is kept: its class, whose it is, what for, where and how long."""
    from app.catalogue import shown
    from app.catalogue.inventory import inventory

    entries = inventory()
    for wanted, show in ((as_json, shown.as_json), (markdown, shown.as_markdown), (as_csv, shown.as_csv)):
        if wanted:
            typer.echo(show(entries), nl=show is shown.as_json)
            return
    rows = [
        (
            f"{one.name}.{one.field}",
            one.classification,
            "personal" if one.personal else "",
            one.store,
            one.retention,
        )
        for one in entries
    ]
    say_table(("FIELD", "CLASS", "WHOSE", "STORE", "KEPT"), rows)


def mask_dump(
    out: Annotated[Path, typer.Option(help="The folder to make and fill; it must not be there yet.")],
    tenant: Annotated[list[UUID] | None, typer.Option(help="Only these tenants; all if not given.")] = None,
    part: Annotated[list[Part] | None, typer.Option(help="Events, views or, by default, both.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the data as JSON lines with pseudonyms for whatever is personal, confidential or restricted.

    The same value gets the same pseudonym within one dump and another one in the next; the key is kept nowhere.
    """
    from app.catalogue.dump import dump
    from app.database import Database
    from app.keys import KeyRefused, opened_ring

    parts = frozenset(str(one) for one in part or list(Part))

    async def work() -> dict[str, int]:
        async with settled(read_settings()) as settings:
            database = await Database.open(
                settings.database_url, secret=settings.secret, writers=1, readers=1
            )
            try:
                # Opened in memory only, so that a name gets one pseudonym in the log and in the views.
                async with opened_ring(settings, database) as ring:
                    return await dump(settings, out, tenants=tenant or None, parts=parts, opening=ring)
            finally:
                await database.close()

    if out.exists():
        typer.echo(f"headwater: {out} is there already.", err=True)
        raise typer.Exit(1)
    try:
        counts = reached(work)
    except KeyRefused as error:
        typer.echo(f"headwater: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        say_json(counts)
    else:
        say_table(("FILE", "ROWS"), [(name, f"{count:,}") for name, count in counts.items()], right=("ROWS",))


commands = {"catalogue": (catalogue, None), "mask-dump": (mask_dump, EXIT_CODES)}
