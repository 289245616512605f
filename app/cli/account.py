"""``headwater account``: what operators do for somebody who cannot get into their account."""

from typing import Annotated

import typer

from app.auth.book import holder
from app.cli.place import EXIT_CODES, AsJson, asker, reached, refuse, say_json, settled
from app.settings import read_settings
from domain.identity.account_commands import TakeSecondFactor
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.refusals import NotFound, Refusal

app = typer.Typer(help="Help people who cannot get into their accounts.", no_args_is_help=True)


@app.callback()
def account_group() -> None:
    """Help people who cannot get into their accounts."""


@app.command("remove-factor", epilog=EXIT_CODES)
def remove_factor(
    email: Annotated[str, typer.Argument(help="The account's e-mail address.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take away a second factor whose authenticator and codes are lost. Make sure first who is asking.

    The log says who did it, and the owner is told by mail.
    """
    if not yes:
        typer.confirm(f"Take the second factor of {email} away?", abort=True)

    async def work() -> Refusal | None:
        from app.writing import written

        async with settled(read_settings()) as settings, written(settings) as made:
            found = await holder(made.database.writer, made.codec, email)
            if found is None:
                return NotFound(field="email", what="account")
            wish = TakeSecondFactor(id=found, asked_by=asker())
            outcome = await made.bus.send(wish, by=Caller(tenant_id=ACCOUNTS, user_id=SYSTEM))
            return outcome if isinstance(outcome, Refusal) else None

    refusal = reached(work)
    if refusal is not None:
        raise refuse(refusal, as_json)
    if as_json:
        say_json({"removed": True})
    else:
        typer.echo(f"{email} signs in without a second factor until another one is set up.")
