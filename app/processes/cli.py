"""``headwater effects``: what processes did and have to do, and what to do about what is parked."""

import asyncio
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import DONE, EXIT_CODES, REFUSED, AsJson, refuse, require_known, say_json
from app.cli.place import InSilo, asker, carry_out, operating, placed, reading_at
from app.plurals import counted
from app.storage.database import Pool
from app.telemetry.process_status import EffectLedger, ailment, process_statuses
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.interventions import DiscardEffects, RetryEffects
from projections.operations.effects import OPEN, EffectStatus
from projections.operations.operator_requests import OperationDone

_ids = TimeOrderedIds()

Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant", metavar="SLUG|ID", help="Only of this tenant; in its own database if it has one."
    ),
]

app = typer.Typer(help="List, retry or discard effects of processes.", no_args_is_help=True)


@app.callback()
def effects_group() -> None:
    """List, retry or discard effects of processes."""


@app.command("list", epilog=EXIT_CODES)
def list_command(
    process: Annotated[str | None, typer.Option(help="Only of this process.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only with this status.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also list finished effects.")] = False,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number to list.")] = 100,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 when anything is parked.")] = False,
    as_json: AsJson = False,
) -> None:
    """List effects that are not done, the oldest first."""
    require_known("status", status or (), EffectStatus)
    wanted = status or (None if everything else OPEN)

    from app.processes.declared import KNOWN

    async def read(pool: Pool, only: UUID | None) -> int:
        ledger = EffectLedger(pool)
        require_known("process", [process] if process else (), await ledger.processes())
        found = await ledger.list(process=process, statuses=wanted, tenant_id=only, limit=limit)
        standing = await process_statuses(pool, KNOWN)
        if as_json:
            say_json(
                {
                    "processes": [asdict(effect) for effect in standing],
                    "effects": [asdict(effect) for effect in found],
                }
            )
        else:
            for effect in found:
                error = f", {effect.error}" if effect.error else ""
                typer.echo(
                    f"{effect.id:>8} {effect.status:<9} {effect.process}/{effect.instance} {effect.key} "
                    f"(position {effect.position}, {effect.attempts} tries{error})"
                )
            if not found:
                typer.echo(
                    "Nothing is listed." if status else "Nothing is to be done, and nothing is parked."
                )
            for problem in (problem for each in standing if (problem := ailment(each))):
                typer.echo(f"Not well: {problem}.")
        return sum(each.parked for each in standing if not each.unknown)

    async def work() -> int:
        async with placed(tenant) as place, reading_at(place) as pool:
            return await read(pool, place.only)

    raise typer.Exit(REFUSED if asyncio.run(work()) and check else DONE)


@app.command("retry", epilog=EXIT_CODES)
def retry_command(
    ids: Annotated[list[int] | None, typer.Argument(help="The ids that `effects list` shows.")] = None,
    process: Annotated[str | None, typer.Option(help="All parked effects of this process.")] = None,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Retry parked effects with the same idempotency keys."""
    if not ids and process is None:
        raise typer.BadParameter("Name effects by number, or a process.")
    command = RetryEffects(id=_ids.new(), effects=tuple(ids or ()), process=process, asked_by=asker())
    _carry_out(command, tenant, "retried", as_json)


@app.command("discard", epilog=EXIT_CODES)
def discard_command(
    ids: Annotated[list[int], typer.Argument(help="The ids that `effects list` shows.")],
    reason: Annotated[str, typer.Option(help="The reason; it is kept in the log.", prompt=True)],
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Discard parked effects permanently; effects that wait behind them continue."""
    if not reason.strip():
        raise typer.BadParameter("A reason is needed.")
    command = DiscardEffects(id=_ids.new(), effects=tuple(ids), reason=reason, asked_by=asker())
    _carry_out(command, tenant, "discarded", as_json)


def _carry_out(command: RetryEffects | DiscardEffects, tenant: str | None, what: str, as_json: bool) -> None:
    async def work() -> OperationDone | Refusal:
        async with operating(tenant) as (operations, _):
            return await carry_out(operations, command)

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    ids = list(found.effects)
    if as_json:
        say_json({what: ids})
    else:
        typer.echo(f"{counted(len(ids), 'effect')} {what}.")
