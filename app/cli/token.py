"""``headwater token``: service tokens, and the keys that sign what people are given."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

import typer

from app.auth.keys import SigningKeys
from app.cli.place import settled
from app.database import Database
from app.settings import Settings, read_settings
from app.tokens import Tokens
from app.watching import watch_token
from domain.kit.permissions import PERMISSIONS

app = typer.Typer(help="Issue service tokens, and rotate signing keys.", no_args_is_help=True)
keys = typer.Typer(help="The keys that sign the tokens of people.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@app.callback()
def token() -> None:
    """Issue service tokens, and rotate signing keys."""


@app.command()
def service(
    tenant: Annotated[UUID, typer.Option(help="The tenant that the service works for.")],
    permission: Annotated[list[str], typer.Option(help="What it may do; repeat it for several.")],
    user: Annotated[
        UUID | None, typer.Option(help="As whom its events are noted; an id of its own if none is named.")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="For how long it is good.")] = 24,
) -> None:
    """Print a token with which a service of your own may do this, and nothing else, in one tenant."""
    if unknown := sorted(set(permission) - PERMISSIONS.keys()):
        typer.echo(f"headwater: there is no permission {', '.join(unknown)}.", err=True)
        raise typer.Exit(1)
    tokens = Tokens(read_settings().derive("tokens"))
    issued = tokens.issue(
        tenant_id=tenant, user_id=user or uuid4(), permissions=permission, lifetime=timedelta(hours=hours)
    )
    typer.echo(issued)


@app.command()
def metrics() -> None:
    """Print the token for /metrics and for all that /health/ready tells; it follows from HEADWATER_SECRET."""
    typer.echo(watch_token(read_settings()))


@keys.command()
def rotate() -> None:
    """Sign with a new key from now on; what the former one signed is good until it runs out."""
    typer.echo(f"New tokens are signed by {asyncio.run(_rotated(read_settings()))} within a minute.")


async def _rotated(settings: Settings) -> str:
    async with settled(settings) as found:
        database = await Database.open(found.database_url, secret=found.secret, writers=1, readers=1)
        try:
            return (await SigningKeys(database.writer, found.derive("signing keys")).rotate()).kid
        finally:
            await database.close()
