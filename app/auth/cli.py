"""``headwater account``: what operators do about accounts: suspend them, and let their owners in again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import EXIT_CODES, AsJson, Declined, refuse, say_json
from app.cli.place import asker, placed
from domain.identity.account_commands import TakeSecondFactor
from domain.kit.caller import ACCOUNTS, PLATFORM, SYSTEM, Caller
from domain.kit.refusals import Refusal

if TYPE_CHECKING:
    from app.auth.suspension import AccountService

Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]
_OPERATOR = Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service")

app = typer.Typer(
    help="Suspend and reactivate accounts, and remove lost second factors.", no_args_is_help=True
)


@app.callback()
def account_group() -> None:
    """Suspend and reactivate accounts, and remove lost second factors."""


@app.command("suspend", epilog=EXIT_CODES)
def suspend(email: Email, as_json: AsJson = False) -> None:
    """Suspend an account: its sessions end, and its API keys stop working. The log records who did it."""

    async def work() -> Refusal | None:
        async with _desk() as desk:
            return await desk.suspend(email, by=_OPERATOR, asked_by=asker())

    _tell(asyncio.run(work()), email, as_json, done="is suspended")


@app.command("reactivate", epilog=EXIT_CODES)
def reactivate(email: Email, as_json: AsJson = False) -> None:
    """Reactivate a suspended account; its owner signs in again. The log records who did it."""

    async def work() -> Refusal | None:
        async with _desk() as desk:
            return await desk.reactivate(email, by=_OPERATOR, asked_by=asker())

    _tell(asyncio.run(work()), email, as_json, done="may sign in again")


@app.command("remove-factor", epilog=EXIT_CODES)
def remove_factor(
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a second factor whose authenticator and codes are lost. Check first who is asking.

    The log says who did it, and the owner is told by mail.
    """
    if not yes:
        typer.confirm(f"Take the second factor of {email} away?", abort=True, err=True)

    async def work() -> Refusal | None:
        from app.auth.account_repository import holder
        from app.composition.write_side import written

        async with placed() as place, written(place.settings) as side:
            found = await holder(side.database.writer, side.codec, email)
            if found is None:
                raise Declined(f"There is no account {email}.", code="not_found")
            command = TakeSecondFactor(id=found, asked_by=asker())
            outcome = await side.bus.send(command, by=Caller(tenant_id=ACCOUNTS, user_id=SYSTEM))
            return outcome if isinstance(outcome, Refusal) else None

    refusal = asyncio.run(work())
    if refusal is not None:
        raise refuse(refusal, as_json)
    if as_json:
        say_json({"removed": True})
    else:
        typer.echo(f"{email} signs in without a second factor until another one is set up.")


@asynccontextmanager
async def _desk() -> "AsyncIterator[AccountService]":
    from app.auth.account_repository import AccountRepository
    from app.auth.suspension import AccountService
    from app.composition.write_side import written
    from app.contexts import VIEWS
    from projections.kit.read.live_generations import pointers
    from projections.kit.read.postgres_reader import PostgresRows

    async with placed() as place, written(place.settings) as side:
        async with pointers(side.database.writer, VIEWS) as live:
            rows = PostgresRows(side.database, live)
            yield AccountService(
                AccountRepository(
                    pool=side.database.writer,
                    rows=rows,
                    bus=side.bus,
                    log=side.log,
                    codec=side.codec,
                    opening=side.ring,
                )
            )


def _tell(refusal: Refusal | None, email: str, as_json: bool, *, done: str) -> None:
    if refusal is not None:
        raise refuse(refusal, as_json)
    if as_json:
        say_json({"done": True})
    else:
        typer.echo(f"{email} {done}.")
