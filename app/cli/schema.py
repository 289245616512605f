"""``headwater schema``: the GraphQL schema as text."""

import typer

app = typer.Typer(help="Print the GraphQL schema in its own language.", invoke_without_command=True)


@app.callback()
def schema() -> None:
    """Print the GraphQL schema in its own language."""
    from api.schema import schema as graphql

    print(graphql.as_str())
