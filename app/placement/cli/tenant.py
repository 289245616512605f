"""``headwater tenant``: make tenants, list them, and move them between the shared database and their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4

import typer

from app.cli.answers import EXIT_CODES, REFUSED, AsJson, Declined, refuse, say_json, say_table
from app.cli.place import asker, found, placed, placed_everywhere, reading_at, workers
from app.cli.progress import now_and_then
from app.cli.reconnect import Reconnecting
from app.placement.cli.tenant_state import add_to
from app.settings import Settings, read_settings
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import MoveTenant, RequestTenant
from projections.operations.tenant_placements import PlacementRequest

if TYPE_CHECKING:
    from app.composition.write_side import WriteSide
    from app.placement.tenant_service import TenantService

_ids = TimeOrderedIds()
_OPERATOR = Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service")

app = typer.Typer(help="Create, list, move and suspend tenants.", no_args_is_help=True)


class To(StrEnum):
    """Where a tenant is to be moved."""

    SILO = "silo"
    POOLED = "pooled"


_MOVED = {
    To.SILO: "is in a database of its own",
    To.POOLED: "shares the platform's database",
}

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="The silo's database on another server, as its owner; the password belongs into PGPASSFILE.",
    ),
]
Wait = Annotated[int, typer.Option(min=0, help="How many seconds to wait for completion; 0 does not wait.")]


@app.callback()
def tenant_group() -> None:
    """Create, list, move and suspend tenants."""


@app.command("create", epilog=EXIT_CODES)
def create(
    name: Annotated[str, typer.Argument(help="The company's name.")],
    slug: Annotated[str, typer.Option(help="The tenant's slug.")],
    region: Annotated[
        str | None,
        typer.Option(help="The region of its data; by default that of this deployment."),
    ] = None,
    silo: Annotated[bool, typer.Option("--silo", help="Create it in a database of its own.")] = False,
    database_url: DatabaseUrl = None,
    id: Annotated[
        UUID | None, typer.Option(help="The new tenant's id; a retry with the same id is safe.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL", help="Invite this person by mail as the tenant's owner, as soon as it is ready."
        ),
    ] = None,
    wait: Wait = 120,
    as_json: AsJson = False,
) -> None:
    """Create a tenant with everything that it needs. What a failing step leaves is removed again.

    Asked again with the same --id, it sends the owner another invitation, until the tenant has one.
    """
    if database_url and not silo:
        raise typer.BadParameter("Only a tenant with --silo has a database of its own.")

    command = RequestTenant(
        id=id or _ids.new(),
        name=name,
        slug=slug,
        region=region or read_settings().region,
        placement=Placement.SILO if silo else Placement.POOLED,
        database_url=database_url,
        asked_by=asker(),
    )

    async def work() -> tuple[PlacementRequest | Refusal, str]:
        from app.placement.first_owner import invite_first_owner, require_address

        if owner is not None:
            require_address(owner, field="owner")
        async with _tenants() as (tenants, (settings, side)):
            outcome = await tenants.ask(command, by=_OPERATOR)
            progress = outcome if isinstance(outcome, Refusal) else await _ended(tenants, command.id, wait)
            if owner is None or isinstance(progress, Refusal) or progress.status == "failed":
                return progress, "is ready"
            if progress.status != "ready":
                raise Declined(
                    f"Tenant {slug}: {progress.status}, a worker continues it. {owner} is not invited yet: "
                    f"repeat this command with --id {command.id}."
                )
            try:
                standing = await invite_first_owner(settings, side, command.id, owner)
            except Refusal as refusal:
                raise Declined(
                    f"Tenant {slug} is ready, {owner} is not invited: {refusal} "
                    f"To repeat this command, add --id {command.id}.",
                    code=refusal.code,
                ) from None
        joined = f"{owner} is its owner" if standing == "joined" else f"{owner} is invited as its owner"
        return progress, f"is ready, and {joined}"

    progress, done = asyncio.run(work())
    _tell(command.id, slug, progress, as_json, done=done)


@app.command("list", epilog=EXIT_CODES)
def list_command(as_json: AsJson = False) -> None:
    """List the tenants, where their data is, and their state."""

    async def work() -> list[dict[str, object]]:
        async with _tenants(asks=False) as (tenants, _):
            rows = await tenants.all()
        standings = await _standings()
        return [{**asdict(row), "status": standings.get(row.id)} for row in rows]

    listed = asyncio.run(work())
    if as_json:
        say_json(listed)
    elif not listed:
        typer.echo("There is no tenant yet.")
    else:
        columns = ("slug", "id", "name", "placement", "region", "state", "status", "database")
        say_table(
            [column.upper() for column in columns],
            [[str(row[column] or "-") for column in columns] for row in listed],
        )


async def _standings() -> dict[UUID, str]:
    """Where each tenant is in its life: active, suspended or closed, as the database says that serves it."""
    standings: dict[UUID, str] = {}
    async for place in placed_everywhere():
        async with reading_at(place) as pool:
            rows = await pool.fetch("select id, status from tenancy.tenants")
        # A silo's comes later than what is left of it in the platform's database.
        standings |= {row["id"]: row["status"] for row in rows}
    return standings


@app.command("move", epilog=EXIT_CODES)
def move(
    tenant: Annotated[str, typer.Argument(help="The tenant's slug or id.")],
    to: Annotated[To, typer.Option(help="Where to keep its data.")],
    database_url: DatabaseUrl = None,
    wait: Wait = 3600,
    as_json: AsJson = False,
) -> None:
    """Move a tenant's data. Meanwhile its people can read, and changes are refused.

    What is in a log stays there: the shared database keeps the events of a tenant that was moved away, and
    lets nobody read them. A silo's database that was left can be dropped as a whole.
    """

    async def work() -> tuple[UUID, str, PlacementRequest | Refusal]:
        async with _tenants() as (tenants, (settings, side)):
            place = await found(side.database.writer, settings, tenant)
            assert place.tenant is not None, "it was named"
            command = MoveTenant(
                id=place.tenant,
                placement=Placement(to.value),
                database_url=database_url,
                asked_by=asker(),
            )
            outcome = await tenants.ask(command, by=_OPERATOR, command_id=uuid4())
            if isinstance(outcome, Refusal):
                return place.tenant, place.name, outcome
            return place.tenant, place.name, await _ended(tenants, place.tenant, wait)

    id, slug, progress = asyncio.run(work())
    _tell(id, slug, progress, as_json, done=_MOVED[to])


add_to(app)


@asynccontextmanager
async def _tenants(
    *, asks: bool = True
) -> AsyncIterator[tuple["TenantService", tuple[Settings, "WriteSide"]]]:
    """The registry of tenants, and the platform's writing side."""
    from app.composition.write_side import written
    from app.placement.tenant_service import TenantService

    async with placed() as place, written(place.settings) as side:
        if asks and not await workers(side.database.writer):
            typer.echo("No worker is at work here; the operation is carried out as soon as one is.", err=True)
        yield TenantService(place.settings, side.database, side.bus), (place.settings, side)


async def _ended(tenants: "TenantService", id: UUID, seconds: int) -> PlacementRequest:
    """How it stands when it has ended, or when the time is over. Raises StillAway."""
    deadline = asyncio.get_running_loop().time() + seconds
    persisting = Reconnecting(then="A worker goes on with it; how it stands: headwater tenant list")
    doing: str | None = None
    async with now_and_then(lambda: f"at step {doing}" if doing else "no step is under way"):
        while True:
            progress = await persisting.ask(lambda: tenants.asked(id))
            assert progress is not None, "it was noted before"
            if (
                progress.status not in ("provisioning", "moving")
                or asyncio.get_running_loop().time() > deadline
            ):
                return progress
            doing = await persisting.ask(lambda: tenants.step(id))
            await asyncio.sleep(0.2)


def _tell(id: UUID, slug: str, progress: PlacementRequest | Refusal, as_json: bool, *, done: str) -> None:
    if isinstance(progress, Refusal):
        raise refuse(progress, as_json)
    if as_json:
        say_json({"id": id, "slug": slug, **asdict(progress)})
    elif progress.reason is not None:
        typer.echo(f"headwater: {progress.step} failed: {progress.reason}", err=True)
    elif progress.status == "ready":
        typer.echo(f"Tenant {slug} {done}.")
    else:
        typer.echo(f"Tenant {slug}: {progress.status}, a worker continues it.")
    if progress.reason is not None:
        raise typer.Exit(REFUSED)
