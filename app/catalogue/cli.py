"""``headwater catalogue`` and ``mask-dump``: what data there are, and a copy of them that holds nobody's."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.answers import EXIT_CODES, AsJson, Declined, say_json, say_table
from app.cli.place import found, opened, placed, reading_at
from app.cli.progress import now_and_then
from app.plurals import counted


class DumpPart(StrEnum):
    """What a dump may hold."""

    EVENTS = "events"
    VIEWS = "views"


def catalogue(
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the page of the documentation.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one line for each field.")] = False,
) -> None:
    """List every stored field: its classification, subject, purpose, place and retention."""
    from app.catalogue import shown
    from app.catalogue.inventory import inventory

    entries = inventory()
    if as_json:
        say_json([asdict(entry) for entry in entries])
        return
    for wanted, show in ((markdown, shown.as_markdown), (as_csv, shown.as_csv)):
        if wanted:
            typer.echo(show(entries), nl=False)
            return
    rows = [
        (
            f"{entry.name}.{entry.field}",
            entry.classification,
            "personal" if entry.personal else "",
            entry.store,
            entry.retention,
        )
        for entry in entries
    ]
    say_table(("FIELD", "CLASS", "WHOSE", "STORE", "KEPT"), rows)


def mask_dump(
    out: Annotated[Path, typer.Option(help="The folder to create; it must not exist yet.")],
    tenant: Annotated[
        list[str] | None,
        typer.Option(
            "--tenant",
            metavar="SLUG|ID",
            help="Only these tenants; by default all of the shared database.",
        ),
    ] = None,
    part: Annotated[list[DumpPart] | None, typer.Option(help="Events, views or, by default, both.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the data as JSON lines with pseudonyms for whatever is personal, confidential or restricted,
    and for what people wrote: names, titles, tags, reasons.

    The same value gets the same pseudonym within one dump and another one in the next; the key is kept nowhere.
    """
    if out.exists():
        raise Declined(f"{out} is there already.")
    parts = frozenset(str(entry) for entry in part or list(DumpPart))
    counts = asyncio.run(_dump(out, tenant or [], parts))
    if as_json:
        say_json(counts)
    else:
        say_table(("FILE", "ROWS"), [(name, f"{count:,}") for name, count in counts.items()], right=("ROWS",))


async def _dump(out: Path, names: Sequence[str], parts: frozenset[str]) -> dict[str, int]:
    from app.catalogue.dump import dump
    from app.keys import opened_ring

    async with placed() as platform:
        async with reading_at(platform) as pool:
            places = [await found(pool, platform.settings, name) for name in names] or [platform]
        if len({entry.settings.database_url for entry in places}) > 1:
            raise Declined("These tenants are in several databases: make a dump of each.")
        settings, only = places[0].settings, [entry.only for entry in places if entry.only is not None]
        # Opened in memory only, so that a name gets one pseudonym in the log and in the views.
        async with opened(settings) as database, opened_ring(settings, database) as ring:
            counts: dict[str, int] = {}
            async with now_and_then(
                lambda: (
                    f"{counted(len(counts), 'file')} written, {counted(sum(counts.values()), 'row')} in all"
                )
            ):
                return await dump(
                    settings, out, tenants=only or None, parts=parts, opening=ring, counts=counts
                )


commands = {"catalogue": (catalogue, EXIT_CODES), "mask-dump": (mask_dump, EXIT_CODES)}
