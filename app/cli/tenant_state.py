"""``headwater tenant suspend``, ``reactivate`` and ``close``: whether a tenant's people may change anything."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from app.cli.place import EXIT_CODES, REFUSED, AsJson, asker, reached, refuse, say_json, settled
from app.settings import read_settings
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.log import Receipt
from domain.kit.refusals import Refusal
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant
from projections.operations.placing import Change

Which = Annotated[str, typer.Argument(help="Its slug or id.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the tenant's history.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""

    @app.command("suspend", epilog=EXIT_CODES)
    def suspend(tenant: Which, reason: Reason = "", as_json: AsJson = False) -> None:
        """Stop the tenant's people from changing anything, until it is reactivated; they read as ever."""
        _do(
            tenant,
            lambda id: SuspendTenant(id=id, reason=reason, asked_by=asker()),
            as_json,
            done="is suspended",
        )

    @app.command("reactivate", epilog=EXIT_CODES)
    def reactivate(tenant: Which, as_json: AsJson = False) -> None:
        """End a tenant's suspension."""
        _do(tenant, lambda id: ReactivateTenant(id=id, asked_by=asker()), as_json, done="is active")

    @app.command("close", epilog=EXIT_CODES)
    def close(tenant: Which, reason: Reason = "", as_json: AsJson = False) -> None:
        """Close a tenant for good: nothing is changed in it any more but by erasures and exports."""
        _do(tenant, lambda id: CloseTenant(id=id, reason=reason, asked_by=asker()), as_json, done="is closed")


def _do(tenant: str, change: Callable[[UUID], Change], as_json: bool, *, done: str) -> None:
    id, outcome = reached(lambda: _sent(tenant, change))
    if isinstance(outcome, Refusal):
        raise refuse(outcome, as_json)
    if as_json:
        say_json({"id": id, "position": outcome.last})
    else:
        typer.echo(f"Tenant {id} {done}.")


async def _sent(tenant: str, change: Callable[[UUID], Change]) -> tuple[UUID, Receipt | Refusal]:
    from app.placement.asking import TenantDesk
    from app.writing import commanding

    async with settled(read_settings()) as settings, commanding(settings) as (database, bus):
        desk = TenantDesk(settings, database, bus)
        found = next((one.id for one in await desk.all() if tenant in (one.slug, str(one.id))), None)
        if found is None:
            typer.echo(f"headwater: there is no tenant {tenant}.", err=True)
            raise typer.Exit(REFUSED)
        return found, await desk.ask(change(found), by=Caller(tenant_id=PLATFORM, user_id=SYSTEM))
