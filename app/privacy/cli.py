"""``headwater privacy``: have people forgotten, hand out what is kept about them, and show certificates."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.cli.answers import DONE, EXIT_CODES, REFUSED, AsJson, Declined, refuse, say_json, say_table
from app.cli.place import asker, opened, placed
from app.cli.reconnect import Reconnecting
from app.settings import Settings
from domain.governance.erasures import erasure_id
from domain.kit.caller import SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from projections.governance.erasures import ErasureRow, Erasures
from projections.governance.exports import ExportRow, ExportState
from projections.governance.privacy import DataSubject, Privacy
from projections.kit.context.every import every
from projections.kit.read.postgres_reader import PostgresRows

if TYPE_CHECKING:
    from api.kit.schema.access_log import AccessRecord

_ids = TimeOrderedIds()
_LOOK = 0.5
"""Seconds between two looks at what is waited for."""
_GOES_ON = "The workers go on with it; what it waits for: headwater effects list"

app = typer.Typer(help="Erase people, and export all data about them.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant, by its slug or id.")]
Person = Annotated[UUID, typer.Argument(help="The person.")]
Wait = Annotated[int, typer.Option(min=0, help="How many seconds to wait for completion; 0 does not wait.")]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where people of one tenant are looked after."""

    tenant: UUID
    privacy: Privacy
    rows: PostgresRows
    settings: Settings


@app.callback()
def privacy_group() -> None:
    """Erase people, and export all data about them."""


@app.command("erase", epilog=EXIT_CODES)
def erase_command(
    tenant: Tenant,
    person: Person,
    reason: Annotated[str, typer.Option(help="The reason; it is erased with the user.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    wait: Wait = 120,
    as_json: AsJson = False,
) -> None:
    """Erase a person in a tenant, permanently. Workers do it; the certificate says when it is done."""
    if not yes:
        typer.confirm(f"Forget {person} in {tenant}? It cannot be undone", abort=True, err=True)

    async def work() -> ErasureRow | Refusal | None:
        async with _desk(tenant) as desk:
            refused = await desk.privacy.erase(_asked(desk.tenant, _ids.new()), person, reason=reason)
            if isinstance(refused, Refusal):
                return refused
            persisting = Reconnecting(then=_GOES_ON)
            for _ in range(max(1, round(wait / _LOOK))):
                row = await persisting.ask(lambda: _erasure(desk, person))
                if wait == 0 or (row is not None and row.certified_at is not None):
                    return row
                await asyncio.sleep(_LOOK)
            return await persisting.ask(lambda: _erasure(desk, person))

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    done = found is not None and found.certified_at is not None
    if as_json:
        say_json(
            {"erasure": str(erasure_id(person)), "certified": done, "sha256": found.sha256 if found else ""}
        )
    elif found is not None and done:
        typer.echo(f"Erased; the certificate's hash is {found.sha256}.")
    else:
        typer.echo(
            "The erasure is requested and under way; `headwater effects list` shows what it waits for."
        )
    raise typer.Exit(DONE if done or wait == 0 else REFUSED)


@app.command("export", epilog=EXIT_CODES)
def export_command(
    tenant: Tenant,
    person: Person,
    out: Annotated[Path | None, typer.Option(help="Write the file there, readable by you alone.")] = None,
    wait: Wait = 120,
    as_json: AsJson = False,
) -> None:
    """Export all data about a person to a file. Workers do it."""
    id = _ids.new()

    async def work() -> ExportRow | Refusal | None:
        async with _desk(tenant) as desk:
            refused = await desk.privacy.export(_asked(desk.tenant, id), person)
            if isinstance(refused, Refusal):
                return refused
            row: ExportRow | None = None
            persisting = Reconnecting(then=_GOES_ON)
            for _ in range(max(1, round(wait / _LOOK))):
                row = await persisting.ask(lambda: desk.privacy.export_row(desk.tenant, id))
                if wait == 0 or (row is not None and row.state is not ExportState.RUNNING):
                    break
                await asyncio.sleep(_LOOK)
            if out is not None and row is not None and row.state is ExportState.FINISHED:
                await _fetch(desk, person, row.id, out)
            return row

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    state = found.state if found is not None else ExportState.RUNNING
    if as_json:
        say_json(
            {
                "export": str(id),
                "state": state,
                "size": found.size if found else 0,
                "error": found.error if found else "",
            }
        )
    else:
        typer.echo(f"Export {id} {_came_to(found, out)}.")
    raise typer.Exit(DONE if state is ExportState.FINISHED or wait == 0 else REFUSED)


def _came_to(export: ExportRow | None, out: Path | None) -> str:
    if export is None or export.state is ExportState.RUNNING:
        return "is under way"
    if export.state is ExportState.FAILED:
        return f"failed: {export.error}"
    return f"is {export.state}" + (f", in {out}" if out is not None else "")


@app.command("certificates", epilog=EXIT_CODES)
def certificates_command(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the erasures in a tenant, with their certificates."""

    async def work() -> list[ErasureRow]:
        async with _desk(tenant) as desk:
            found = [row async for row in every(desk.rows, Erasures, desk.tenant, [])]
        return sorted(found, key=lambda row: row.requested_at, reverse=True)

    rows = asyncio.run(work())
    if as_json:
        say_json([{name: getattr(row, name) for name in ErasureRow.__struct_fields__} for row in rows])
    elif not rows:
        typer.echo("There are no erasures in this tenant.")
    else:
        say_table(
            ("PERSON", "ASKED", "BY", "STEPS", "CERTIFIED", "SHA-256"),
            [
                (
                    str(row.subject_id),
                    f"{row.requested_at:%Y-%m-%d %H:%M:%S}",
                    "the platform" if row.requested_by == SYSTEM else str(row.requested_by),
                    str(len(row.steps)),
                    f"{row.certified_at:%Y-%m-%d %H:%M:%S}" if row.certified_at else "",
                    row.sha256,
                )
                for row in rows
            ],
            right=("STEPS",),
        )


def _asked(tenant: UUID, id: UUID) -> DataSubject:
    """On behalf of the operator at the machine."""
    by = Caller(tenant_id=tenant, user_id=SYSTEM, permissions=frozenset({"*"}), kind="service")
    return DataSubject(by=by, command_id=id)


async def _erasure(desk: _Desk, person: UUID) -> ErasureRow | None:
    key = (erasure_id(person),)
    return (await desk.rows.get(Erasures, desk.tenant, [key])).get(key)


def _access(tenant: UUID, person: UUID) -> "AccessRecord":
    """Record that the operator at the machine took all data about a person."""
    from api.kit.schema.access_log import AccessRecord

    return AccessRecord(
        tenant_id=tenant,
        user_id=None,
        session_id=None,
        kind="operator",
        asked_by=asker(),
        operation="headwater privacy export",
        root_fields=("export",),
        fields=("Export.file",),
        subjects=(person,),
        revealed=("file",),
        at=datetime.now(UTC),
        correlation_id=None,
    )


async def _fetch(desk: _Desk, person: UUID, id: UUID, out: Path) -> None:
    """Write the export in plain to a file that only this account can read."""
    from app.audit.access_writer import recorded
    from app.keys import opened_ring
    from app.privacy.factory import export_files

    async with opened(desk.settings, writers=2) as database, opened_ring(desk.settings, database) as keys:
        pieces = await export_files(desk.settings, keys, desk.rows, database).read(desk.tenant, id)
        if pieces is None:
            raise Declined("The export is on another machine, or gone.")
        # First, and permanently: whatever becomes of the file, somebody may have read it.
        await recorded(database.writer, [_access(desk.tenant, person)])
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)


@asynccontextmanager
async def _desk(tenant: str) -> AsyncIterator[_Desk]:
    """What the commands work on, wherever the tenant's data are."""
    from app.composition.write_side import written
    from app.contexts import VIEWS
    from app.privacy.factory import desk
    from projections.kit.read.live_generations import pointers

    async with placed(tenant) as place, written(place.settings) as writes:
        assert place.tenant is not None, "it was named"
        async with pointers(writes.database.writer, VIEWS) as live:
            rows = PostgresRows(writes.database, live)
            privacy = desk(writes.bus, rows, writes.database, writes.ring)
            yield _Desk(place.tenant, privacy, rows, place.settings)
