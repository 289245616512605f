"""``headwater log`` and ``replicate``: what an operator asks the event log itself, and a copy of it elsewhere."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.answers import DONE, EXIT_CODES, REFUSED, AsJson, Declined, say_json
from app.cli.place import InSilo, opened, placed
from app.cli.progress import now_and_then
from app.cli.reconnect import Reconnecting
from app.keys import opened_ring
from app.keys.verification import SealedPlaces
from app.log.replica import Replica, ReplicaLag, ReplicaRefused
from app.log.verify import Check, Verdict, verify
from app.log.view_counts import view_counts
from app.plurals import counted
from app.settings import Settings, replica_address
from app.storage.database import Database

_POLL = 1.0
"""Seconds until a log is read again of which all was copied."""

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


def replicate(
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A Postgres for the copy alone; HEADWATER_REPLICA_URL by default."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when all is copied that is there now.")] = False,
    lag: Annotated[bool, typer.Option("--lag", help="Only say how far the copy is behind.")] = False,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Follow the log, and copy it into another database, row by row as it is stored."""
    asyncio.run(_replicate(to, tenant, once=once, only_lag=lag, as_json=as_json))


async def _replicate(
    to: str | None, tenant: str | None, *, once: bool, only_lag: bool, as_json: bool
) -> None:
    async with placed(tenant, whole=True) as place:
        replica = _replica(place.settings, to)
        try:
            if only_lag:
                _tell_lag(await replica.lag(), as_json)
            else:
                await _copy(replica, once=once, as_json=as_json)
        except ReplicaRefused as refused:
            raise Declined(str(refused), code="replica_refused") from refused
        finally:
            replica.close()


def _replica(settings: Settings, to: str | None) -> Replica:
    url = replica_address(settings, to or None)
    if not url:
        raise Declined("Say where the copy is: --to, or HEADWATER_REPLICA_URL.")
    settings.derive("roles")  # Says so where there is no secret.
    return Replica(settings.database_url, settings.secret, url)


async def _copy(replica: Replica, *, once: bool, as_json: bool) -> None:
    now = await replica.copy()
    until = now.head if once else None
    waiting = Reconnecting(forever=not once)
    async with now_and_then(lambda: _prose_of(now)):
        while until is None or now.position < until:
            before = now
            if now.behind == 0:
                await asyncio.sleep(_POLL)
            now = await waiting.ask(replica.copy, within=None)
            if as_json and not once and now.position != before.position:
                say_json(asdict(now))
    _tell_lag(now, as_json)


def _tell_lag(lag: ReplicaLag, as_json: bool) -> None:
    if as_json:
        say_json(asdict(lag) | {"behind": lag.behind})
    else:
        typer.echo(f"The copy is {_prose_of(lag)}.")


def _prose_of(lag: ReplicaLag) -> str:
    seconds = max(0.0, (datetime.now(UTC) - lag.copied_at).total_seconds())
    place, behind = f"at position {lag.position:,} of {lag.head:,}", counted(lag.behind, "event")
    return f"{place}, {behind} behind, as of {seconds:.0f} s ago"


commands = {"replicate": (replicate, EXIT_CODES)}
