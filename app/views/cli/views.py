"""``headwater views``: every view with its generation, and how it stands against the log."""

import asyncio
from typing import Annotated

import typer

from app.cli.answers import EXIT_CODES, AsJson, refuse, require_known, say_json, say_table
from app.cli.completion import view_names
from app.cli.place import InSilo, asker, carry_out, operating, reading
from app.contexts import VIEWS
from app.views.cli.rows import show
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.interventions import PauseViews, ResumeViews, RetireViews
from projections.kit.read.status import ViewStatus, views_status
from projections.operations.operator_requests import OperationDone

_ids = TimeOrderedIds()

app = typer.Typer(help="List, show, pause, resume and retire views.", invoke_without_command=True)


@app.callback(epilog=EXIT_CODES)
def views(
    context: typer.Context,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Only this view; may be repeated.", autocompletion=view_names),
    ] = None,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """List the views: store, version, live generation, position, lag, rate, parked streams and state."""
    if context.invoked_subcommand is not None:
        return
    statuses = asyncio.run(_read(tenant))
    require_known("view", name or (), {status.name for status in statuses})
    shown = [status for status in statuses if not name or status.name in name]
    if as_json:
        say_json(shown)
    else:
        _list(shown)


async def _read(tenant: str | None) -> list[ViewStatus]:
    async with reading(tenant) as pool:
        return await views_status(pool, {view.name for view in VIEWS})


def _list(statuses: list[ViewStatus]) -> None:
    say_table(
        ("VIEW", "STORE", "VERSION", "GENERATION", "POSITION", "LAG", "RATE", "PARKED", "STATE"),
        [
            (
                status.name,
                status.store,
                str(status.version),
                f"{status.generation} live" if status.live else f"{status.generation}",
                f"{status.position:,}",
                f"{status.lag_events:,}",
                f"{status.rate:,.0f}/s",
                f"{status.parked:,}",
                f"{status.state} by {status.paused_by}" if status.paused_by else status.state,
            )
            for status in statuses
        ],
        right=("VERSION", "POSITION", "LAG", "RATE", "PARKED"),
    )


app.command("show")(show)

Names = Annotated[list[str], typer.Argument(help="The views' names.", autocompletion=view_names)]


@app.command(epilog=EXIT_CODES)
def pause(
    names: Names,
    reason: Annotated[str, typer.Option(help="The reason; it is kept in the log.")],
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Pause views: they can still be read, and report that they are behind."""
    command = PauseViews(id=_ids.new(), views=tuple(names), reason=reason, asked_by=asker())
    _carry_out(command, tenant, "paused", as_json)


@app.command(epilog=EXIT_CODES)
def resume(names: Names, tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Resume paused views."""
    _carry_out(ResumeViews(id=_ids.new(), views=tuple(names), asked_by=asker()), tenant, "resumed", as_json)


@app.command(epilog=EXIT_CODES)
def retire(
    names: Annotated[list[str], typer.Argument(help="The views' names.")],
    reason: Annotated[str, typer.Option(help="The reason; it is kept in the log.")],
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Retire views that the code no longer has: their rows are dropped in every store, permanently.

    Stop every process of a version that has them first.
    """
    command = RetireViews(id=_ids.new(), views=tuple(names), reason=reason, asked_by=asker())
    _carry_out(command, tenant, "retired", as_json)


def _carry_out(
    command: PauseViews | ResumeViews | RetireViews, tenant: str | None, what: str, as_json: bool
) -> None:
    async def work() -> OperationDone | Refusal:
        async with operating(tenant) as (operations, _):
            return await carry_out(operations, command)

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    if as_json:
        say_json({what: list(command.views)})
    else:
        typer.echo(f"{', '.join(command.views)} {what}.")
