"""``headwater schema``: the GraphQL schema as text."""

import typer

from app.cli.answers import AsJson, say_json


def schema(as_json: AsJson = False) -> None:
    """Print the GraphQL schema in SDL, or with --json as the answer to an introspection query."""
    from api.schema import schema as graphql

    if as_json:
        say_json({"data": graphql.introspect()})
    else:
        typer.echo(graphql.as_str())


commands = {"schema": (schema, None)}
"""The commands at the root, each with what closes its help."""
