"""``headwater audit``: who read what, and letting go of what is older than two years."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import EXIT_CODES, AsJson, say_json, say_table
from app.cli.place import InSilo, opened, placed, reading_at

app = typer.Typer(help="List read accesses, and drop old records.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """List read accesses, and drop old records."""


@app.command(epilog=EXIT_CODES)
def show(
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="SLUG|ID", help="Only in this tenant, wherever its data is."),
    ] = None,
    user: Annotated[UUID | None, typer.Option(help="Only accesses by this person.")] = None,
    subject: Annotated[UUID | None, typer.Option(help="Only of this person's data.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this time on, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many to list, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List accesses, the newest first: who, what, and whose data it was."""
    from projections.governance.accesses import AccessFilter, select

    filter = AccessFilter(user_id=user, subject_id=subject, since=since and since.replace(tzinfo=UTC))

    async def work() -> list[dict[str, object]]:
        async with placed(tenant) as place, reading_at(place) as pool:
            sql, arguments = select(filter, limit=limit, before=None, tenant=place.tenant)
            return [dict(record) for record in await pool.fetch(sql, *arguments)]

    records = asyncio.run(work())
    if as_json:
        say_json(records)
        return
    if not records:
        typer.echo("Nothing was read.")
        return
    columns = (
        "at",
        *(() if tenant else ("tenant_id",)),
        "user_id",
        "kind",
        "asked_by",
        "operation",
        "root_fields",
        "subjects",
        "revealed",
        "outcome",
    )
    say_table(
        [name.upper() for name in columns],
        [[_text(record[name]) for name in columns] for record in records],
    )


@app.command(epilog=EXIT_CODES)
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be dropped.")] = False,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Drop the months that are older than two years, keeping an anchor of each; workers do it once a day."""
    from app.audit.retention import ExpiredMonth
    from app.audit.retention import retain as let_go

    async def work() -> list[ExpiredMonth]:
        async with placed(tenant, whole=True) as place, opened(place.settings) as database:
            return await let_go(database, now=datetime.now(UTC), dry_run=dry_run)

    gone = asyncio.run(work())
    if as_json:
        say_json([asdict(month) for month in gone])
    elif not gone:
        typer.echo("Nothing is old enough to be dropped.")
    else:
        rows = [
            (month.log, f"{month.month:%Y-%m}", f"{month.rows:,}", f"{month.tenants:,}") for month in gone
        ]
        say_table(("LOG", "MONTH", "ROWS", "TENANTS"), rows, right=("ROWS", "TENANTS"))


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value or "")
