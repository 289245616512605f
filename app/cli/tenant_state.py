"""``headwater tenant suspend``, ``reactivate`` and ``close``: whether a tenant's people may change anything."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID, uuid4

import typer

from app.cli.place import EXIT_CODES, REFUSED, AsJson, reached, refuse, say_json, settled
from app.settings import read_settings
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.log import Receipt
from domain.kit.refusals import Refusal
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant

Which = Annotated[str, typer.Argument(help="Its slug or id.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the tenant's history.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""

    @app.command("suspend", epilog=EXIT_CODES)
    def suspend(tenant: Which, reason: Reason = "", as_json: AsJson = False) -> None:
        """Stop the tenant's people from changing anything, until it is reactivated; they read as ever."""
        _do(tenant, lambda id: SuspendTenant(id=id, reason=reason), as_json, done="is suspended")

    @app.command("reactivate", epilog=EXIT_CODES)
    def reactivate(tenant: Which, as_json: AsJson = False) -> None:
        """End a tenant's suspension."""
        _do(tenant, lambda id: ReactivateTenant(id=id), as_json, done="is active")

    @app.command("close", epilog=EXIT_CODES)
    def close(tenant: Which, reason: Reason = "", as_json: AsJson = False) -> None:
        """Close a tenant for good: nothing is changed in it any more but by erasures and exports."""
        _do(tenant, lambda id: CloseTenant(id=id, reason=reason), as_json, done="is closed")


def _do(tenant: str, command: Callable[[UUID], Command], as_json: bool, *, done: str) -> None:
    id, outcome = reached(lambda: _sent(tenant, command))
    if isinstance(outcome, Refusal):
        raise refuse(outcome, as_json)
    if as_json:
        say_json({"id": id, "position": outcome.last})
    else:
        typer.echo(f"Tenant {id} {done}.")


async def _sent(tenant: str, command: Callable[[UUID], Command]) -> tuple[UUID, Receipt | Refusal]:
    from app.placement.registry import registered
    from app.writing import written

    async with settled(read_settings()) as settings, written(settings) as platform:
        async with registered(platform.database.writer) as registry:
            found = next((one for one in registry.all() if tenant in (one.slug, str(one.tenant_id))), None)
        if found is None:
            typer.echo(f"headwater: there is no tenant {tenant}.", err=True)
            raise typer.Exit(REFUSED)
        by = Caller(tenant_id=found.tenant_id, user_id=SYSTEM, kind="service")
        if found.served_by is None:
            return found.tenant_id, await platform.bus.send(
                command(found.tenant_id), by=by, command_id=uuid4()
            )
        async with written(found.served_by.settings(settings)) as silo:
            return found.tenant_id, await silo.bus.send(command(found.tenant_id), by=by, command_id=uuid4())
