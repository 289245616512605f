"""``headwater effects``: what processes did and have to do, and what to do about what is parked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated, TypeVar

import asyncpg
import typer

from app.cli.place import asker, carry_out, operating, reached, refuse
from app.database import Pool, plain_url
from app.embedded import attached
from app.processes.status import Ledger, ailment, process_statuses
from app.settings import read_settings
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.interventions import DiscardEffects, RetryEffects
from projections.operations.operating import Done

T = TypeVar("T")

_ids = TimeOrderedIds()

OPEN = ["pending", "running", "parked"]

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]

app = typer.Typer(help="See and mend what processes do.", no_args_is_help=True)


@app.callback()
def effects_group() -> None:
    """See and mend what processes do."""


@app.command("list")
def list_command(
    process: Annotated[str | None, typer.Option(help="Only of this process.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only with this status.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is finished.")] = False,
    limit: Annotated[int, typer.Option(help="How many at the most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List effects that are not done, the oldest first.

    Exit code 0: nothing is parked. 1: something is. 2: the database could not be read.
    """
    wanted = status or (None if everything else OPEN)

    async def read(pool: Pool) -> int:
        found = await Ledger(pool).list(process=process, statuses=wanted, limit=limit)
        standing = await process_statuses(pool)
        if as_json:
            document = {
                "processes": [asdict(one) for one in standing],
                "effects": [asdict(one) for one in found],
            }
            typer.echo(json.dumps(document, default=str))
        else:
            for one in found:
                typer.echo(
                    f"{one.id:>8} {one.status:<9} {one.process}/{one.instance} {one.key} "
                    f"(position {one.position}, {one.attempts} tries{f', {one.error}' if one.error else ''})"
                )
            for problem in (problem for each in standing if (problem := ailment(each))):
                typer.echo(f"Not well: {problem}.")
        return sum(each.parked for each in standing)

    raise typer.Exit(1 if _run(read) else 0)


@app.command("retry")
def retry_command(
    ids: Annotated[list[int] | None, typer.Argument(help="The numbers that `effects list` shows.")] = None,
    process: Annotated[str | None, typer.Option(help="All that is parked of this process.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have parked effects tried again, under the same idempotency keys."""
    if not ids and process is None:
        raise typer.BadParameter("Name effects by number, or a process.")
    wish = RetryEffects(id=_ids.new(), effects=tuple(ids or ()), process=process, asked_by=asker())
    _carry_out(wish, "retried", as_json)


@app.command("discard")
def discard_command(
    ids: Annotated[list[int], typer.Argument(help="The numbers that `effects list` shows.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.", prompt=True)],
    as_json: AsJson = False,
) -> None:
    """Give parked effects up for good; what waits behind them goes on."""
    if not reason.strip():
        raise typer.BadParameter("A reason is needed.")
    wish = DiscardEffects(id=_ids.new(), effects=tuple(ids), reason=reason, asked_by=asker())
    _carry_out(wish, "discarded", as_json)


def _carry_out(wish: RetryEffects | DiscardEffects, what: str, as_json: bool) -> None:
    async def work() -> Done | Refusal:
        async with operating() as (operations, _):
            return await carry_out(operations, wish)

    found = reached(work)
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    ids = list(found.effects)
    typer.echo(json.dumps({what: ids}) if as_json else f"{len(ids)} effects {what}.")


def _run(work: Callable[[Pool], Awaitable[T]]) -> T:
    async def attached_to_database() -> T:
        settings = read_settings()
        # Only the database matters here: with its address given, no other server is looked for.
        place = nullcontext(settings) if settings.database_url else attached(settings)
        async with place as found:
            async with asyncpg.create_pool(plain_url(found.database_url), min_size=1, max_size=1) as pool:
                return await work(pool)

    try:
        return asyncio.run(attached_to_database())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        typer.echo(f"headwater: the database could not be read: {error}", err=True)
        raise typer.Exit(2) from error
