"""``headwater parked``: streams whose events cannot be folded into a view, and what is to become of them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from app.cli.completion import view_names
from app.cli.place import (
    EXIT_CODES,
    REFUSED,
    AsJson,
    asker,
    carry_out,
    operating,
    reached,
    reading,
    refuse,
    say_json,
    say_table,
    workers,
)
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.repairs import DiscardParked, RetryParked
from projections.kit.parking import Parked, ParkedStreams

app = typer.Typer(help="List parked streams, or mend them.", no_args_is_help=True)

View = Annotated[str, typer.Argument(help="The view's name.", autocompletion=view_names)]
Stream = Annotated[UUID, typer.Argument(help="The parked stream: the id of the thing.")]
Tenant = Annotated[UUID | None, typer.Option(help="Whose, for an id may be used by two tenants.")]

_ids = TimeOrderedIds()


@app.command("list", epilog=EXIT_CODES)
def list_parked(
    view: Annotated[str | None, typer.Argument(help="Only this view's.", autocompletion=view_names)] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 when anything is parked.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is parked, the oldest event first in each view."""

    async def work() -> list[Parked]:
        async with reading() as pool:
            return await ParkedStreams(pool).list(view)

    found = reached(work)
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
        async with reading() as pool:
            return [*await ParkedStreams(pool).show(view, stream, tenant_id=tenant)]

    found = reached(work)
    if as_json:
        say_json(found)
    if not found:
        if not as_json:
            typer.echo(f"headwater: This stream is not parked in {view}.", err=True)
        raise typer.Exit(REFUSED)
    for one in () if as_json else found:
        typer.echo(
            f"{one.view}, generation {one.generation}: {one.topic} {one.stream} of tenant {one.tenant_id}\n"
            f"  stopped at position {one.position:,}, event {one.event_id} ({one.event_type})\n"
            f"  {one.error}, tried {one.attempts} times, parked {one.parked_at:%Y-%m-%d %H:%M:%S} UTC\n"
            f"  {one.waiting:,} events wait" + (f"; asked to {one.asked}" if one.asked else "")
        )


@app.command(epilog=EXIT_CODES)
def retry(
    view: Annotated[str | None, typer.Argument(help="The view's name.", autocompletion=view_names)] = None,
    stream: Annotated[
        UUID | None, typer.Argument(help="Only this stream; all of the view by default.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Whatever is parked, in every view.")] = False,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Fold the waiting events again, in their order; after the code or the view was mended."""
    if every == (view is not None):
        raise typer.BadParameter("Name a view, or say --all.")
    views = reached(_parked_views) if view is None else [view]
    _carry_out(
        [
            RetryParked(id=_ids.new(), view=one, stream=stream, tenant_id=tenant, asked_by=asker())
            for one in views
        ],
        "to be folded",
        as_json,
    )


@app.command(epilog=EXIT_CODES)
def discard(
    view: View,
    stream: Stream,
    reason: Annotated[str, typer.Option(help="Why; it stays in the log.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Leave the events of a stream that wait out of the view for good; later ones are folded again."""
    operation = DiscardParked(
        id=_ids.new(), view=view, stream=stream, tenant_id=tenant, reason=reason, asked_by=asker()
    )
    _carry_out([operation], "to be left out", as_json)


async def _parked_views() -> list[str]:
    async with reading() as pool:
        return sorted({one.view for one in await ParkedStreams(pool).list()})


def _carry_out(wishes: Sequence[RetryParked | DiscardParked], what: str, as_json: bool) -> None:
    async def work() -> tuple[int, bool] | Refusal:
        async with operating() as (operations, pool):
            streams = 0
            for wish in wishes:
                done = await carry_out(operations, wish)
                if isinstance(done, Refusal):
                    return done
                streams += done.streams
            return streams, bool(await workers(pool))

    found = reached(work)
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    streams, at_work = found
    if as_json:
        say_json({"streams": streams})
    else:
        typer.echo(f"{streams} {'stream is' if streams == 1 else 'streams are'} {what}.")
    if not at_work:
        typer.echo("headwater: No worker is at work; it is done when one is.", err=True)


def _list(found: list[Parked]) -> None:
    say_table(
        ("VIEW", "GENERATION", "STREAM", "POSITION", "EVENT", "WAITING", "ASKED", "ERROR"),
        [
            (
                one.view,
                str(one.generation),
                str(one.stream),
                f"{one.position:,}",
                one.event_type,
                f"{one.waiting:,}",
                one.asked or "",
                one.error,
            )
            for one in found
        ],
        right=("GENERATION", "POSITION", "WAITING"),
    )
