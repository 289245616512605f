"""``headwater replay``: what folding events again would change in the views, as a diff."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer

from app.cli.answers import DONE, REFUSED, AsJson, Declined, say_json
from app.cli.place import Place, asker, operating_at, placed
from app.cli.progress import now_and_then
from app.cli.reconnect import Reconnecting
from app.plurals import counted
from app.views.cli.replay_report import ReplayReport, document, reported, tell
from app.views.cli.rows import moment_of
from app.views.inspection import inspecting, view_named
from app.views.replay import replayed, require_events
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.events import event_class
from domain.kit.log import Selection
from domain.kit.refusals import Refusal
from domain.operations.interventions import NoteReplay
from projections.kit.declare.view import View
from projections.kit.follow.fold_page import FoldFailed
from projections.kit.read.as_of import TooMuch
from projections.kit.repair.replay import Chosen, Diff
from projections.kit.store.store import LeaseLost


def replay(
    stream: Annotated[UUID | None, typer.Option("--stream", help="Events of this stream.")] = None,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="SLUG|ID", help="Events of this tenant, wherever they are."),
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Events of this type, as work.task.created; repeatable."),
    ] = None,
    first: Annotated[int, typer.Option("--from", min=1, help="The first position.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="The last position.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Events of this time or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Events before this time.")] = None,
    view: Annotated[list[str] | None, typer.Option("--view", help="Only into this view; repeatable.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show confidential fields, and what is sealed, in plain.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay events of the log, and repair, or only show, the rows of views that differ.

    The rows that the chosen events touch are folded from all of their events and compared with the store.
    Without a choice, and for a whole tenant, every row is. While rows are written, the view's worker lets
    go of its lanes for a moment; readers notice nothing. Who asked for it is an event in the log.

    Exit code 0: all rows are right now, with --dry-run: they were. 1: they are not, or it cannot be asked
    so, as of a stream that is not there. 2: a server could not be reached.
    """
    try:
        wanted = _Wanted(
            select=Selection(
                types=_known(type), originator_id=stream, since=_time(since), until=_time(until)
            ),
            first=first,
            last=last,
            tenant=tenant,
            views=[view_named(name) for name in view] if view else None,
        )
    except (LookupError, ValueError) as error:
        raise Declined(str(error.args[0])) from error
    try:
        reports, left = asyncio.run(_replay(wanted, dry_run=dry_run, unmasked=unmasked))
    except (LookupError, TooMuch) as error:
        raise Declined(str(error.args[0])) from error
    except FoldFailed as error:
        raise Declined(f"{error} cannot be folded.") from error
    except LeaseLost as error:
        raise Declined(f"{error}; try again.") from error
    if as_json:
        say_json({"views": [document(report) for report in reports]})
    else:
        tell(reports)
    for name in left:
        typer.echo(
            f"headwater: {name} is folded with the appends and was not written; "
            "`headwater reconcile --repair` puts it right.",
            err=True,
        )
    raise typer.Exit(REFUSED if left or (dry_run and any(report.differences for report in reports)) else DONE)


commands = {"replay": (replay, None)}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which events, of whom, into which views."""

    select: Selection
    first: int
    last: int | None
    tenant: str | None
    views: list[View[Any]] | None


def _known(types: list[str] | None) -> list[str] | None:
    found = list[str]()
    for name in types or ():
        try:
            found.append(event_class(name).stored_as)
        except LookupError:
            raise ValueError(f"There is no event type {name}; `headwater catalogue` lists them.") from None
    return found or None


def _time(text: str | None) -> datetime | None:
    found = None if text is None else moment_of(text)
    if isinstance(found, int):
        raise ValueError(f"{text} is no time; positions go with --from and --to.")
    return found


async def _replay(
    wanted: "_Wanted", *, dry_run: bool, unmasked: bool
) -> tuple[list[ReplayReport], list[str]]:
    """What differs, or did, in each view; and the views that differ and cannot be written here."""
    async with placed(wanted.tenant, stores=True) as there, inspecting(there.settings) as place:
        chosen = Chosen(
            select=replace(wanted.select, tenant_id=there.tenant), after=wanted.first - 1, until=wanted.last
        )
        try:
            await require_events(place, chosen)
        except LookupError as error:
            raise Declined(str(error.args[0]), code="not_found") from error
        if not dry_run:
            await _note(there, chosen, wanted.views)
        persisting = Reconnecting()
        diffs = list[Diff[Any]]()
        left = list[str]()
        views = wanted.views or place.stores.views
        async with now_and_then(lambda: f"{len(diffs)} of {counted(len(views), 'view')} done"):
            for view in views:
                work = partial(replayed, place, chosen, [view], dry_run=dry_run)
                # Only who looks begins a view again: of rows that were put right by then nobody would hear.
                found, kept = await (persisting.ask(work, within=None) if dry_run else work())
                diffs += found
                left += kept
        return [await reported(place, diff, unmasked=unmasked) for diff in diffs], left


async def _note(there: Place, chosen: Chosen, views: Sequence[View[Any]] | None) -> None:
    """Put on record who is about to have which rows written, before any is."""
    select = chosen.select
    async with operating_at(there) as (operations, _):
        noted = await operations.note(
            NoteReplay(
                id=TimeOrderedIds().new(),
                views=tuple(view.name for view in views or ()),
                stream=select.originator_id,
                tenant_id=select.tenant_id,
                first=chosen.after + 1,
                last=chosen.until,
                types=tuple(select.types or ()),
                since=select.since,
                until=select.until,
                asked_by=asker(),
            ),
            by=Caller(tenant_id=PLATFORM, user_id=SYSTEM),
        )
    if isinstance(noted, Refusal):
        raise Declined(str(noted))
