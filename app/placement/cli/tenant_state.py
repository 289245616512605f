"""``headwater tenant suspend``, ``reactivate`` and ``close``: whether a tenant's people may change anything."""

import asyncio
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import EXIT_CODES, AsJson, refuse, say_json
from app.cli.place import asker, found, placed
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant
from projections.operations.tenant_placements import Change

Which = Annotated[str, typer.Argument(help="The tenant's slug or id.")]
Reason = Annotated[str, typer.Option(help="The reason; it is kept in the tenant's history.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("suspend", epilog=EXIT_CODES)
    def suspend(tenant: Which, reason: Reason = "", as_json: AsJson = False) -> None:
        """Suspend a tenant: its people can read but not change anything until it is reactivated."""
        _do(
            tenant,
            lambda id: SuspendTenant(id=id, reason=reason, asked_by=asker()),
            as_json,
            done="is suspended",
        )

    @app.command("reactivate", epilog=EXIT_CODES)
    def reactivate(tenant: Which, as_json: AsJson = False) -> None:
        """Reactivate a suspended tenant."""
        _do(tenant, lambda id: ReactivateTenant(id=id, asked_by=asker()), as_json, done="is active")

    @app.command("close", epilog=EXIT_CODES)
    def close(
        tenant: Which,
        reason: Reason = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Close a tenant permanently; afterwards only erasures and exports change anything in it."""
        if not yes:
            typer.confirm(f"Close {tenant}? It cannot be undone", abort=True, err=True)
        _do(tenant, lambda id: CloseTenant(id=id, reason=reason, asked_by=asker()), as_json, done="is closed")


def _do(tenant: str, change: Callable[[UUID], Change], as_json: bool, *, done: str) -> None:
    id, name, outcome = asyncio.run(_sent(tenant, change))
    if isinstance(outcome, Refusal):
        raise refuse(outcome, as_json)
    if as_json:
        say_json({"id": id, "slug": name, "position": outcome.last})
    else:
        typer.echo(f"Tenant {name} {done}.")


async def _sent(tenant: str, change: Callable[[UUID], Change]) -> tuple[UUID, str, AppendReceipt | Refusal]:
    from app.composition.write_side import commanding
    from app.placement.tenant_service import TenantService

    async with placed() as platform, commanding(platform.settings) as (database, bus):
        place = await found(database.writer, platform.settings, tenant)
        assert place.tenant is not None, "it was named"
        desk = TenantService(platform.settings, database, bus)
        outcome = await desk.ask(change(place.tenant), by=Caller(tenant_id=PLATFORM, user_id=SYSTEM))
        return place.tenant, place.name, outcome
