"""``headwater audit``: who read what, and letting go of what is older than two years."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from app.cli.place import DONE, EXIT_CODES, AsJson, reached, reading, say_json, say_table, settled
from app.settings import read_settings

app = typer.Typer(help="Ask who read what, and let old records go.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Ask who read what, and let old records go."""


@app.command(epilog=EXIT_CODES)
def show(
    tenant: Annotated[UUID | None, typer.Option(help="Only in this tenant.")] = None,
    user: Annotated[UUID | None, typer.Option(help="Only what this person asked for.")] = None,
    subject: Annotated[UUID | None, typer.Option(help="Only of this person's data.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from then on, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List accesses, the newest first: who, what, and whose data it was."""
    from projections.governance.accesses import AccessFilter, select

    filter = AccessFilter(user_id=user, subject_id=subject, since=since and since.replace(tzinfo=UTC))
    sql, arguments = select(filter, limit=limit, before=None, tenant=tenant)

    async def work() -> list[dict[str, object]]:
        async with reading() as pool:
            return [dict(record) for record in await pool.fetch(sql, *arguments)]

    records = reached(work)
    if as_json:
        for record in records:
            say_json(record)
        return
    columns = ("at", "user_id", "kind", "operation", "root_fields", "revealed", "outcome")
    say_table(
        [name.upper() for name in columns],
        [[_text(record[name]) for name in columns] for record in records],
    )


@app.command(epilog=EXIT_CODES)
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop the months that are older than two years, keeping an anchor of each; workers do it once a day."""
    from app.audit.retention import Gone
    from app.audit.retention import retain as let_go
    from app.database import Database

    async def work() -> list[Gone]:
        async with settled(read_settings()) as settings:
            database = await Database.open(
                settings.database_url, secret=settings.secret, writers=1, readers=1
            )
            try:
                return await let_go(database, now=datetime.now(UTC), dry_run=dry_run)
            finally:
                await database.close()

    gone = reached(work)
    if as_json:
        say_json([asdict(one) for one in gone])
    elif not gone:
        typer.echo("Nothing is old enough to go.")
    else:
        rows = [(one.log, f"{one.month:%Y-%m}", f"{one.rows:,}", f"{one.tenants:,}") for one in gone]
        say_table(("LOG", "MONTH", "ROWS", "TENANTS"), rows, right=("ROWS", "TENANTS"))
    raise typer.Exit(DONE)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value or "")
