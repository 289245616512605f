"""``headwater views show``: the rows of any view, as its store holds them or as of a moment of the past."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from app.cli.answers import AsJson, Declined, say_json
from app.cli.place import placed
from app.plurals import counted
from app.views.cli.on_record import ShownRow, shown
from app.views.inspection import Inspection, inspecting, view_named
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.read.as_of import InFuture, Moment, RowsAsOf, TooMuch
from projections.kit.read.plain_rows import Plain, key_of
from projections.kit.store.decrypted_fields import as_written
from projections.kit.store.store import there

_REST = "; there are more: give --limit more than that, or name "
_MOST_EVENTS = 50_000_000
_MOST_ROWS = 2_000_000
"""The most that is folded for an operator, on a machine of their choice; a process that serves takes less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    view: View[Any]
    tenant: str | None
    keys: Sequence[Key]
    moment: Moment | None
    limit: int


def moment_of(text: str) -> Moment:
    """A position, or a time in ISO 8601 with its offset. Raises ValueError."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is neither a position nor a time such as 2030-01-31T12:00:00Z.") from None
    if time.tzinfo is None:
        raise ValueError(f"The time {text} must have an offset from UTC, as 2030-01-31T12:00:00Z.")
    return time


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The view.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="POSITION|TIME",
            help="Show the state as of this position or time; needs --tenant.",
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="SLUG|ID", help="Only this tenant's rows, wherever its data is."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="Only this row, needs --tenant; commas between a key's parts; repeatable."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most rows to show.")] = 1000,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show confidential fields, and what is sealed, in plain.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the rows of a view, as its store holds them now or as of a moment in the past.

    Without --json each row is a line of JSON. Exit code 0: shown. 1: it cannot be asked so, and why. 2: a server
    could not be reached.
    """
    try:
        view = view_named(name)
        wanted = _Wanted(
            view=view,
            tenant=tenant,
            keys=[key_of(view, text) for text in key or ()],
            moment=None if as_of is None else moment_of(as_of),
            limit=limit,
        )
        if tenant is None and (wanted.keys or wanted.moment is not None):
            raise ValueError("Say whose rows with --tenant.")
    except (LookupError, ValueError) as error:
        raise Declined(str(error.args[0])) from error
    try:
        position, rows, more = asyncio.run(_read(wanted, unmasked))
    except (LookupError, InFuture, TooMuch) as error:
        raise Declined(str(error.args[0])) from error
    if as_json:
        say_json({"view": name, "position": position, "rows": rows, "more": more})
        return
    for row in rows:
        typer.echo(orjson.dumps(row).decode())
    said = f"{counted(len(rows), 'row')} of {name} at position {position:,}"
    # Apart from the rows, which may go on into another program.
    rest = _REST + ("a --tenant or a --key" if tenant is None else "a --key")
    print(f"{said}{rest if more else ''}.", file=sys.stderr)


async def _read(wanted: _Wanted, unmasked: bool) -> tuple[int, list[Plain], bool]:
    """The position, the rows with their tenants, and whether there are more."""
    async with placed(wanted.tenant, stores=True) as target, inspecting(target.settings) as place:
        if wanted.moment is not None:
            assert target.tenant is not None, "the past is folded for one tenant"
            position, rows = await _past(place, wanted, target.tenant, wanted.moment)
        else:
            position, rows = await _present(place, wanted, target.tenant)
        rows, more = rows[: wanted.limit], len(rows) > wanted.limit
        names = wanted.view.row.__struct_fields__
        listed = [ShownRow(tenant_id, row, names) for tenant_id, row in rows]
        plains = await shown(place, "headwater views show", wanted.view, listed, unmasked=unmasked)
    documents = [{"tenant": str(row.tenant_id), **values} for row, values in zip(listed, plains, strict=True)]
    return position, documents, more


async def _past(
    place: Inspection, wanted: _Wanted, tenant_id: UUID, moment: Moment
) -> tuple[int, list[tuple[UUID, Any]]]:
    history = RowsAsOf(place.log, place.codec, most_events=_MOST_EVENTS, most_rows=_MOST_ROWS)
    view = type(wanted.view)
    position = await history.position(tenant_id, moment)
    if wanted.keys:
        rows = await history.rows(view, tenant_id, wanted.keys, position)
    else:
        rows = dict((await history.all(view, tenant_id, position)).rows)
    if issubclass(view, PostgresView):
        folded = {(tenant_id, key): row for key, row in rows.items()}
        written = await as_written(view.row, folded, place.opening)
        rows = {key: row for (_, key), row in written.items()}
    return position, [(tenant_id, row) for row in rows.values()][: wanted.limit + 1]


async def _present(
    place: Inspection, wanted: _Wanted, of_tenant: UUID | None
) -> tuple[int, list[tuple[UUID, Any]]]:
    store, _ = await place.store(wanted.view)
    position = (await store.checkpoint()).position
    if wanted.keys:
        assert of_tenant is not None, "a key is one tenant's"
        found = await there(store, [(of_tenant, key) for key in wanted.keys])
        return position, [(tenant_id, row) for (tenant_id, _), row in found.items()]
    rows: dict[tuple[UUID, Key], Any] = {}
    async with aclosing(store.scan(of_tenant)) as batches:
        async for batch in batches:
            rows |= batch
            if len(rows) > wanted.limit:
                break
    return position, [(tenant_id, row) for (tenant_id, _), row in rows.items()][: wanted.limit + 1]
