"""``headwater token``: service tokens, and the keys that sign what people are given."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

import typer

from app.auth.tokens.authentication import Tokens
from app.auth.tokens.signing_keys import SigningKeys
from app.cli.answers import EXIT_CODES, AsJson, require_known, say_json
from app.cli.place import opened, placed
from app.settings import read_settings
from app.telemetry.monitoring_access import watch_token
from domain.kit.permissions import PERMISSIONS

app = typer.Typer(help="Issue service tokens, and rotate signing keys.", no_args_is_help=True)
keys = typer.Typer(help="The keys that sign the tokens of people.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@app.callback()
def token() -> None:
    """Issue service tokens, and rotate signing keys."""


@app.command(epilog=EXIT_CODES)
def service(
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="SLUG|ID", help="The tenant that the service works for.")
    ],
    permission: Annotated[list[str], typer.Option(help="A permission of the token; repeatable.")],
    user: Annotated[
        UUID | None, typer.Option(help="The user id recorded with its events; a new id by default.")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="How long it is valid.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Print a token for a service of your own, with these permissions only, in one tenant."""
    require_known("permission", permission, PERMISSIONS)
    tokens = Tokens(read_settings().derive("tokens"))
    issued = tokens.issue(
        tenant_id=_tenant(tenant),
        user_id=user or uuid4(),
        permissions=permission,
        lifetime=timedelta(hours=hours),
    )
    _say(issued, as_json)


@app.command(epilog=EXIT_CODES)
def metrics(as_json: AsJson = False) -> None:
    """Print the token for /metrics and the details of /health/ready; it is derived from HEADWATER_SECRET."""
    _say(watch_token(read_settings()), as_json)


@keys.command(epilog=EXIT_CODES)
def rotate(as_json: AsJson = False) -> None:
    """Sign tokens with a new key from now on; tokens signed with the former one stay valid until they expire."""
    key = asyncio.run(_rotated())
    if as_json:
        say_json({"key": key})
    else:
        typer.echo(f"New tokens are signed by {key} within a minute.")


def _tenant(text: str) -> UUID:
    """A tenant's id. One that is given is taken as it is, for a token needs nothing but the secret."""
    try:
        return UUID(text)
    except ValueError:
        return asyncio.run(_by_slug(text))


async def _by_slug(slug: str) -> UUID:
    async with placed(slug) as place:
        assert place.tenant is not None, "it was named"
        return place.tenant


async def _rotated() -> str:
    async with placed() as place, opened(place.settings) as database:
        return (await SigningKeys(database.writer, place.settings.derive("signing keys")).rotate()).kid


def _say(token: str, as_json: bool) -> None:
    if as_json:
        say_json({"token": token})
    else:
        typer.echo(token)
