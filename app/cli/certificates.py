"""``headwater certificates``: certificates for the servers beside the API, where there are none yet."""

from pathlib import Path
from typing import Annotated

import typer

from app.certificates import make_certificates


def certificates(
    folder: Annotated[Path, typer.Argument(help="Where they go: a folder for each name, and `ca`.")],
    names: Annotated[
        list[str], typer.Argument(help="Host names, maybe with the uid of the server: `db:999`.")
    ],
) -> None:
    """Make certificates for servers that belong together, if there are none; docker-compose.yml begins with it."""
    owners: dict[str, int | None] = {}
    for name in names:
        host, _, uid = name.partition(":")
        if not host or (uid and not (uid.isascii() and uid.isdigit())):
            typer.echo(f"headwater: {name!r} is not a host name, or one with a uid.", err=True)
            raise typer.Exit(1)
        owners[host] = int(uid) if uid else None
    made = make_certificates(folder, owners)
    typer.echo("Made, with an authority of their own." if made else "They are there already.")


commands = {"certificates": (certificates, None)}
