"""``headwater log``: what an operator asks the event log itself."""

import asyncio
from dataclasses import asdict

import typer

from app.cli.answers import DONE, REFUSED, AsJson, say_json
from app.cli.place import InSilo, opened, placed
from app.keys import opened_ring
from app.keys.verification import SealedPlaces
from app.log.verify import Verdict, verify
from app.log.view_counts import view_counts

app = typer.Typer(help="Inspect and verify the event log.", no_args_is_help=True)


@app.callback()
def log() -> None:
    """Inspect and verify the event log."""


@app.command("verify", epilog="Exit code 0: whole. 1: something is wrong, and said. 2: it could not be read.")
def verify_command(tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Prove that the log is whole: positions, streams, receipts, event ids, sealed texts, the counts of views."""
    verdict = asyncio.run(_verify(tenant))
    if as_json:
        say_json(asdict(verdict))
    else:
        typer.echo(_prose(verdict))
    raise typer.Exit(REFUSED if verdict.findings else DONE)


async def _verify(tenant: str | None) -> Verdict:
    async with placed(tenant, whole=True) as place, opened(place.settings) as database:
        if not await database.writer.fetchval("select exists (select from keys.tenant_keys)"):
            # Nothing was ever sealed, and looking must not make keys.
            return await verify(database, checks=(view_counts,))
        async with opened_ring(place.settings, database) as ring:
            return await verify(database, checks=(view_counts, SealedPlaces(ring)))


def _prose(verdict: Verdict) -> str:
    lines = [f"{finding.check}: {finding.detail}" for finding in verdict.findings]
    looked = f"{verdict.events:,} events, {verdict.streams:,} streams, {verdict.commands:,} commands"
    lines.append(f"{'The log is NOT whole' if lines else 'The log is whole'}: {looked}.")
    return "\n".join(lines)
