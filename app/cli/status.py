"""``headwater status``: how the views and the workers stand, for operators and for a container's health check."""

import asyncio
import socket
from contextlib import nullcontext
from typing import Annotated

import asyncpg
import typer

from app.database import plain_url
from app.embedded import attached
from app.health import ailment
from app.settings import Settings, read_settings
from projections.kit.status import ViewStatus, views_status

_SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone; it gives one each second."""

_WORKERS = """
select name from ops.workers
 where clock_timestamp() - heartbeat_at < make_interval(secs => $1) order by name
"""

app = typer.Typer(help="Say how the views and the workers stand.", invoke_without_command=True)


@app.callback()
def status(
    worker: Annotated[bool, typer.Option("--worker", help="Ask only for a worker on this host.")] = False,
) -> None:
    """Say how the views and the workers stand.

    Exit code 0: all is well. 1: something is not, and said. 2: the database could not be read.
    """
    try:
        views, workers = asyncio.run(_read(read_settings()))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        typer.echo(f"headwater: the database could not be read: {error}", err=True)
        raise typer.Exit(2) from error
    if worker:
        here = [name for name in workers if name.rpartition(":")[0] == socket.gethostname()]
        typer.echo(f"{here[0]} is at work." if here else "No worker of this host has shown itself lately.")
        raise typer.Exit(0 if here else 1)
    for view in views:
        lag = f"{view.lag_events:,} behind" if view.lag_events else "at the head"
        typer.echo(f"{view.name:<28} {view.store:<9} {view.state:<10} {view.position:>12,} {lag}")
    typer.echo(f"Workers: {', '.join(workers) or 'none'}.")
    problems = [problem for view in views if (problem := ailment(view))]
    for problem in problems:
        typer.echo(f"Not well: {problem}.")
    raise typer.Exit(1 if problems or not workers else 0)


async def _read(settings: Settings) -> tuple[list[ViewStatus], list[str]]:
    # Only the database matters here: with its address given, no other server is looked for.
    place = nullcontext(settings) if settings.database_url else attached(settings)
    async with place as found:
        async with asyncpg.create_pool(plain_url(found.database_url), min_size=1, max_size=1) as pool:
            workers = await pool.fetch(_WORKERS, _SILENCE)
            return await views_status(pool), [row["name"] for row in workers]
