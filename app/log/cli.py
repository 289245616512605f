"""``headwater log``: what an operator asks the event log itself."""

import asyncio
from dataclasses import asdict

import typer

from app.cli.answers import DONE, REFUSED, AsJson, say_json
from app.cli.place import InSilo, opened, placed
from app.cli.progress import now_and_then
from app.keys import opened_ring
from app.keys.verification import SealedPlaces
from app.log.verify import Check, Verdict, verify
from app.log.view_counts import view_counts
from app.plurals import counted
from app.storage.database import Database

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
            return await _told(database, view_counts)
        async with opened_ring(place.settings, database) as ring:
            return await _told(database, view_counts, SealedPlaces(ring))


async def _told(database: Database, *checks: Check) -> Verdict:
    """Verify, and say now and then how far that is."""
    how_far = [0, 0]

    def tell(*now: int) -> None:
        how_far[:] = now

    async with now_and_then(lambda: f"{how_far[0]} of {counted(how_far[1], 'check')} done"):
        return await verify(database, checks=checks, tell=tell)


def _prose(verdict: Verdict) -> str:
    lines = [f"{finding.check}: {finding.detail}" for finding in verdict.findings]
    looked = ", ".join(
        (
            counted(verdict.events, "event"),
            counted(verdict.streams, "stream"),
            counted(verdict.commands, "command"),
        )
    )
    lines.append(f"{'The log is NOT whole' if lines else 'The log is whole'}: {looked}.")
    return "\n".join(lines)
