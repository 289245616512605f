"""``headwater settings``: every setting, its default and what it means."""

from typing import Annotated

import typer

from app.cli.answers import AsJson, say_json
from app.settings import settings_table


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table for the documentation.")] = False,
    as_json: AsJson = False,
) -> None:
    """List every setting, its default and what it means."""
    if as_json:
        names = ("variable", "default", "meaning")
        say_json([dict(zip(names, row, strict=True)) for row in settings_table()])
        return
    if markdown:
        typer.echo("| Variable | Default | Meaning |\n|---|---|---|")
    for variable, default, meaning in settings_table():
        if markdown:
            typer.echo(f"| `{variable}` | {default} | {meaning} |")
        else:
            typer.echo(f"{variable}={default}\n    {meaning}")


commands = {"settings": (settings, None)}
"""The commands at the root, each with what closes its help."""
