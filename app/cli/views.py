"""``headwater views``: every view with its generation, and how it stands against the log."""

from typing import Annotated

import typer

from app.cli.completion import view_names
from app.cli.place import EXIT_CODES, REFUSED, AsJson, reached, reading, say_json, say_table
from app.cli.views_show import show
from projections.kit.status import ViewStatus, views_status

app = typer.Typer(help="List the views, or look into one.", invoke_without_command=True)


@app.callback(epilog=EXIT_CODES)
def views(
    context: typer.Context,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Only this view; may be repeated.", autocompletion=view_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the views: store, version, live generation, position, lag, rate, parked streams and state."""
    if context.invoked_subcommand is not None:
        return
    statuses = reached(_read)
    if unknown := sorted(set(name or ()) - {one.name for one in statuses}):
        typer.echo(f"headwater: There is no view {unknown[0]}.", err=True)
        raise typer.Exit(REFUSED)
    shown = [one for one in statuses if not name or one.name in name]
    if as_json:
        say_json(shown)
    else:
        _list(shown)


async def _read() -> list[ViewStatus]:
    async with reading() as pool:
        return await views_status(pool)


def _list(statuses: list[ViewStatus]) -> None:
    say_table(
        ("VIEW", "STORE", "VERSION", "GENERATION", "POSITION", "LAG", "RATE", "PARKED", "STATE"),
        [
            (
                one.name,
                one.store,
                str(one.version),
                f"{one.generation} live" if one.live else f"{one.generation}",
                f"{one.position:,}",
                f"{one.lag_events:,}",
                f"{one.rate:,.0f}/s",
                f"{one.parked:,}",
                one.state,
            )
            for one in statuses
        ],
        right=("VERSION", "POSITION", "LAG", "RATE", "PARKED"),
    )


app.command("show")(show)
