"""``headwater status``: how the views and the workers stand, for operators and for a container's health check."""

import asyncio
import socket
from typing import Annotated

import asyncpg
import typer

from app.cli.place import reading, workers
from app.health import ailment
from app.standing import standing
from projections.kit.status import ViewStatus, views_status

app = typer.Typer(help="Say how the views and the workers stand.", invoke_without_command=True)


@app.callback()
def status(
    worker: Annotated[bool, typer.Option("--worker", help="Ask only for a worker on this host.")] = False,
) -> None:
    """Say how the views and the workers stand.

    Exit code 0: all is well. 1: something is not, and said. 2: the database could not be read.
    """
    try:
        views, at_work, beside = asyncio.run(_read())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        typer.echo(f"headwater: the database could not be read: {error}", err=True)
        raise typer.Exit(2) from error
    if worker:
        here = [name for name in at_work if name.rpartition(":")[0] == socket.gethostname()]
        typer.echo(f"{here[0]} is at work." if here else "No worker of this host has shown itself lately.")
        raise typer.Exit(0 if here else 1)
    for view in views:
        name = view.name if view.live else f"{view.name} g{view.generation}"
        lag = f"{view.lag_events:,} behind" if view.lag_events else "at the head"
        typer.echo(f"{name:<28} {view.store:<9} {view.state:<10} {view.position:>12,} {lag}")
    typer.echo(f"Workers: {', '.join(at_work) or 'none'}.")
    problems = [*(problem for view in views if (problem := ailment(view))), *beside]
    for problem in problems:
        typer.echo(f"Not well: {problem}.")
    raise typer.Exit(1 if problems or not at_work else 0)


async def _read() -> tuple[list[ViewStatus], list[str], list[str]]:
    async with reading() as pool:
        at_work = await workers(pool)
        return await views_status(pool), at_work, (await standing(pool)).ailments
