"""``headwater parked``: streams whose events cannot be folded into a view, and what is to become of them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import EXIT_CODES, REFUSED, AsJson, Declined, refuse, require_known, say_json, say_table
from app.cli.completion import view_names
from app.cli.place import asker, carry_out, operating_at, placed, reading_at, workers
from app.plurals import counted
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.repairs import DiscardParked, RetryParked
from projections.kit.follow.parked_streams import Parked, ParkedStreams

app = typer.Typer(help="List, retry or discard parked streams.", no_args_is_help=True)

View = Annotated[str, typer.Argument(help="The view's name.", autocompletion=view_names)]
Stream = Annotated[UUID, typer.Argument(help="The parked stream: the id of the aggregate.")]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        metavar="SLUG|ID",
        help="The stream's tenant; in its own database if it has one.",
    ),
]

_ids = TimeOrderedIds()


@app.command("list", epilog=EXIT_CODES)
def list_parked(
    view: Annotated[str | None, typer.Argument(help="Only this view's.", autocompletion=view_names)] = None,
    tenant: Tenant = None,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 when anything is parked.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is parked, the oldest event first in each view."""

    async def work() -> list[Parked]:
        async with placed(tenant) as place, reading_at(place) as pool:
            parked = ParkedStreams(pool)
            require_known("view", [view] if view else (), await parked.views())
            listed = await parked.list(view)
            return [stream for stream in listed if place.only in (None, stream.tenant_id)]

    found = asyncio.run(work())
    if as_json:
        say_json(found)
    elif found:
        _list(found)
    else:
        typer.echo("Nothing is parked.")
    if check and found:
        raise typer.Exit(REFUSED)


@app.command(epilog=EXIT_CODES)
def show(view: View, stream: Stream, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Show how a stream is parked in the generations of a view."""

    async def work() -> list[Parked]:
        async with placed(tenant) as place, reading_at(place) as pool:
            parked = ParkedStreams(pool)
            require_known("view", [view], await parked.views())
            return [*await parked.show(view, stream, tenant_id=place.only)]

    found = asyncio.run(work())
    if not found:
        raise Declined(f"This stream is not parked in {view}.")
    if as_json:
        say_json(found)
    for each in () if as_json else found:
        typer.echo(
            f"{each.view}, generation {each.generation}: {each.topic} {each.stream} of tenant {each.tenant_id}\n"
            f"  stopped at position {each.position:,}, event {each.event_id} ({each.event_type})\n"
            f"  {each.error}, tried {each.attempts} times, parked {each.parked_at:%Y-%m-%d %H:%M:%S} UTC\n"
            f"  {counted(each.waiting, 'event', verb=('waits', 'wait'))}"
            + (f"; asked to {each.asked}" if each.asked else "")
        )


@app.command(epilog=EXIT_CODES)
def retry(
    view: Annotated[str | None, typer.Argument(help="The view's name.", autocompletion=view_names)] = None,
    stream: Annotated[
        UUID | None, typer.Argument(help="Only this stream; all of the view by default.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All parked streams of every view.")] = False,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Fold the waiting events again, in order, after the code or the view was repaired."""
    if every == (view is not None):
        raise typer.BadParameter("Name a view, or say --all.")

    def commands(views: Sequence[str], only: UUID | None) -> list[RetryParked | DiscardParked]:
        return [
            RetryParked(id=_ids.new(), view=name, stream=stream, tenant_id=only, asked_by=asker())
            for name in ([view] if view else views)
        ]

    _carry_out(commands, tenant, "to be folded", as_json)


@app.command(epilog=EXIT_CODES)
def discard(
    view: View,
    stream: Stream,
    reason: Annotated[str, typer.Option(help="The reason; it is kept in the log.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Discard the waiting events of a stream: the view never folds them, but folds later ones."""

    def commands(views: Sequence[str], only: UUID | None) -> list[RetryParked | DiscardParked]:
        return [
            DiscardParked(
                id=_ids.new(), view=view, stream=stream, tenant_id=only, reason=reason, asked_by=asker()
            )
        ]

    _carry_out(commands, tenant, "to be left out", as_json)


def _carry_out(
    commands: Callable[[Sequence[str], UUID | None], list[RetryParked | DiscardParked]],
    tenant: str | None,
    what: str,
    as_json: bool,
) -> None:
    """Carry out the commands for the views where anything is parked, and of one tenant alone if one is named."""

    async def work() -> tuple[int, bool] | Refusal:
        async with placed(tenant) as place, operating_at(place) as (operations, pool):
            streams = 0
            for command in commands(
                sorted({stream.view for stream in await operations.parked.list()}), place.only
            ):
                done = await carry_out(operations, command)
                if isinstance(done, Refusal):
                    return done
                streams += done.streams
            return streams, bool(await workers(pool))

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    streams, at_work = found
    if as_json:
        say_json({"streams": streams})
    else:
        typer.echo(f"{counted(streams, 'stream', verb=('is', 'are'))} {what}.")
    if not at_work:
        typer.echo("headwater: No worker is at work; it is done when one is.", err=True)


def _list(found: list[Parked]) -> None:
    say_table(
        ("VIEW", "GENERATION", "STREAM", "POSITION", "EVENT", "WAITING", "ASKED", "ERROR"),
        [
            (
                stream.view,
                str(stream.generation),
                str(stream.stream),
                f"{stream.position:,}",
                stream.event_type,
                f"{stream.waiting:,}",
                stream.asked or "",
                stream.error,
            )
            for stream in found
        ],
        right=("GENERATION", "POSITION", "WAITING"),
    )
