"""``headwater log``: what an operator asks the event log itself."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.place import settled
from app.database import Database
from app.keys import opened_ring
from app.keys.verifying import SealedPlaces
from app.log.verify import Verdict, verify
from app.log.view_counts import view_counts
from app.settings import Settings, read_settings

app = typer.Typer(help="Ask the event log itself.", no_args_is_help=True)


@app.callback()
def log() -> None:
    """Ask the event log itself."""


@app.command("verify")
def verify_command(
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Prove that the log is whole: positions, streams, receipts, event ids, sealed texts, the counts of views.

    Exit code 0: whole. 1: something is wrong, and said. 2: the log could not be read.
    """
    try:
        verdict = asyncio.run(_verify(read_settings()))
    except Exception as error:
        # Not 1, which would say that the log had been read and found broken.
        typer.echo(f"headwater: the log could not be read: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(json.dumps(asdict(verdict)) if as_json else _prose(verdict))
    if verdict.findings:
        raise typer.Exit(1)


async def _verify(settings: Settings) -> Verdict:
    async with settled(settings) as found:
        database = await Database.open(found.database_url, secret=found.secret, writers=1, readers=1)
        try:
            if not await database.writer.fetchval("select exists (select from keys.tenant_keys)"):
                # Nothing was ever sealed, and looking must not make keys.
                return await verify(database, checks=(view_counts,))
            async with opened_ring(found, database) as ring:
                return await verify(database, checks=(view_counts, SealedPlaces(ring)))
        finally:
            await database.close()


def _prose(verdict: Verdict) -> str:
    lines = [f"{finding.check}: {finding.detail}" for finding in verdict.findings]
    looked = f"{verdict.events:,} events, {verdict.streams:,} streams, {verdict.commands:,} commands"
    lines.append(f"{'The log is NOT whole' if lines else 'The log is whole'}: {looked}.")
    return "\n".join(lines)
