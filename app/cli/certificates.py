"""``headwater certificates``: certificates for the servers beside the API, where there are none yet."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.answers import EXIT_CODES, AsJson, say_json
from app.storage.certificates import make_certificates


def certificates(
    folder: Annotated[Path, typer.Argument(help="The target folder: a subfolder for each name, and `ca`.")],
    names: Annotated[
        list[str], typer.Argument(help="Host names, maybe with the uid of the server: `db:999`.")
    ],
    as_json: AsJson = False,
) -> None:
    """Create certificates for the internal servers, if there are none; docker-compose.yml starts with it."""
    owners: dict[str, int | None] = {}
    for name in names:
        host, _, uid = name.partition(":")
        if not host or (uid and not (uid.isascii() and uid.isdigit())):
            raise typer.BadParameter(f"{name!r} is not a host name, or one with a uid.")
        owners[host] = int(uid) if uid else None
    made = make_certificates(folder, owners)
    if as_json:
        say_json({"made": made})
        return
    typer.echo("Created, with an authority of their own." if made else "They exist already.")


commands = {"certificates": (certificates, EXIT_CODES)}
