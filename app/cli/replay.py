"""``headwater replay``: what folding events again would change in the views, as a diff."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from app.cli.on_record import rows_shown
from app.cli.views_show import UNREACHABLE, moment_of
from app.inspection import UNREACHED, inspecting, view_named
from app.settings import read_settings
from domain.kit.events import event_class
from domain.kit.log import Selection
from projections.kit.as_of import TooMuch
from projections.kit.plain_rows import Plain, plain
from projections.kit.put_right import KeptInline, put_right
from projections.kit.replaying import Chosen, Diff, Difference, Replay
from projections.kit.store import LeaseLost
from projections.kit.touching import FoldFailed
from projections.kit.view import View

DIFFERS = 1


def replay(
    stream: Annotated[UUID | None, typer.Option("--stream", help="Events of this stream.")] = None,
    tenant: Annotated[UUID | None, typer.Option("--tenant", help="Events of this tenant.")] = None,
    type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Events of this type, as work.task.created; repeatable."),
    ] = None,
    first: Annotated[int, typer.Option("--from", min=1, help="From this position on.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Up to this position.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Events of this time or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Events before this time.")] = None,
    view: Annotated[list[str] | None, typer.Option("--view", help="Only into this view; repeatable.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show confidential fields as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Fold events of the log again, and put right, or only show, the rows of the views that differ.

    The rows that the chosen events touch are folded from all of their events and compared with the store.
    Without a choice, and for a whole tenant, every row is. While rows are written, the view's worker lets
    go of its lanes for a moment; readers notice nothing.

    Exit code 0: all rows are right now, with --dry-run: they were. 1: they are not, or it cannot be asked
    so. 2: a server could not be reached.
    """
    try:
        chosen = Chosen(
            select=Selection(
                types=_known(type),
                tenant_id=tenant,
                originator_id=stream,
                since=_time(since),
                until=_time(until),
            ),
            after=first - 1,
            until=last,
        )
        views = [view_named(name) for name in view] if view else None
        diffs, left = asyncio.run(_replay(chosen, views, dry_run=dry_run, unmasked=unmasked))
    except (LookupError, ValueError, TooMuch) as error:
        typer.echo(f"headwater: {error.args[0]}", err=True)
        raise typer.Exit(DIFFERS) from error
    except FoldFailed as error:
        typer.echo(f"headwater: {error} cannot be folded.", err=True)
        raise typer.Exit(DIFFERS) from error
    except LeaseLost as error:
        typer.echo(f"headwater: {error}; try again.", err=True)
        raise typer.Exit(DIFFERS) from error
    except UNREACHED as error:
        typer.echo(f"headwater: the views could not be compared: {error}", err=True)
        raise typer.Exit(UNREACHABLE) from error
    if as_json:
        typer.echo(orjson.dumps({"views": [_document(one, unmasked) for one in diffs]}).decode())
    else:
        for diff in diffs:
            _print(diff, unmasked)
    for name in left:
        typer.echo(
            f"headwater: {name} is folded with the appends and was not written; "
            "`headwater reconcile --repair` puts it right.",
            err=True,
        )
    raise typer.Exit(DIFFERS if left or (dry_run and any(one.differences for one in diffs)) else 0)


commands = {"replay": (replay, None)}


def _known(types: list[str] | None) -> list[str] | None:
    found = list[str]()
    for name in types or ():
        try:
            found.append(event_class(name).stored_as)
        except LookupError:
            raise ValueError(f"There is no event type {name}.") from None
    return found or None


def _time(text: str | None) -> datetime | None:
    found = None if text is None else moment_of(text)
    if isinstance(found, int):
        raise ValueError(f"{text} is no time; positions go with --from and --to.")
    return found


# Views differ in their rows' types, hence Any.
async def _replay(
    chosen: Chosen, views: list[View[Any]] | None, *, dry_run: bool, unmasked: bool
) -> tuple[list[Diff[Any]], list[str]]:
    """What differs, or did, in each view; and the views that differ and cannot be written here."""
    diffs: list[Diff[Any]] = []
    left: list[str] = []
    async with inspecting(read_settings()) as place:
        for view in views or place.stores.views:
            store, generation = await place.store(view)
            left_out = await place.left_out(view, generation)
            replay = Replay(view, store, place.log, place.codec, left_out=left_out, opening=place.opening)
            diff = await replay.diff(chosen)
            if diff.differences and not dry_run:
                try:
                    connect = place.database.connect
                    diff = await put_right(replay, view, generation, store, chosen, connect)
                except KeptInline:
                    left.append(view.name)
            diffs.append(diff)
            await rows_shown(
                place.database.writer, "headwater replay", diff.view, _rows(diff), unmasked=unmasked
            )
    return diffs, left


def _rows(diff: Diff[Any]) -> Iterator[tuple[UUID, Any]]:
    """The rows that a diff shows something of."""
    for one in diff.differences:
        for row in (one.stored, one.folded):
            if row is not None:
                yield one.tenant_id, row


def _print(diff: Diff[Any], unmasked: bool) -> None:
    found = f"{len(diff.differences):,} of {diff.rows:,} rows differ"
    typer.echo(f"{diff.view.name} at {diff.position:,}: {diff.events:,} events, {found}.")
    for one in diff.differences:
        typer.echo(f"  {one.kind} {', '.join(map(str, one.key))} of tenant {one.tenant_id}")
        stored, folded = _sides(one, unmasked)
        for name in one.names:
            typer.echo(f"    {name}: {_text(stored, name)} -> {_text(folded, name)}")


def _text(row: Plain | None, name: str) -> str:
    return "(no row)" if row is None else orjson.dumps(row[name]).decode()


def _sides(one: Difference[Any], unmasked: bool) -> tuple[Plain | None, Plain | None]:
    stored, folded = (row and plain(row, unmasked=unmasked) for row in (one.stored, one.folded))
    return stored, folded


def _document(diff: Diff[Any], unmasked: bool) -> Plain:
    return {
        "view": diff.view.name,
        "position": diff.position,
        "events": diff.events,
        "rows": diff.rows,
        "differences": [_changed(one, unmasked) for one in diff.differences],
    }


def _changed(one: Difference[Any], unmasked: bool) -> Plain:
    stored, folded = _sides(one, unmasked)
    return {
        "tenant": str(one.tenant_id),
        "key": [str(part) for part in one.key],
        "kind": one.kind,
        "fields": {
            name: {"stored": stored and stored[name], "folded": folded and folded[name]} for name in one.names
        },
    }
