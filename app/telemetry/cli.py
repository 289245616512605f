"""``headwater status``: how the views and the workers stand, for operators and for a container's health check."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from app.cli.answers import DONE, REFUSED, AsJson, Declined, say_json
from app.cli.place import InSilo, reading, workers
from app.embedded import running
from app.settings import read_settings
from app.telemetry.ailments import ailment
from app.telemetry.process_status import ailment as process_ailment
from app.telemetry.service_health import ServiceHealth, services_health
from app.telemetry.system_status import SystemStatus, standing
from projections.kit.read.status import ViewState, ViewStatus, views_status

app = typer.Typer(help="Show the state of the views and the workers.", invoke_without_command=True)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one database."""

    views: Sequence[ViewStatus]
    workers: Sequence[str]
    beside: SystemStatus
    where: str = ""
    """The option that says which silo was looked at."""
    services: Sequence[ServiceHealth] = ()

    @property
    def unknown(self) -> list[str]:
        """The views that the code does not have, and nobody folds."""
        return [view.name for view in self.views if view.state is ViewState.UNKNOWN]

    @property
    def unknown_processes(self) -> list[str]:
        """The processes that the code does not have, and nobody runs."""
        return [process.process for process in self.beside.processes if process.unknown]

    @property
    def problems(self) -> list[str]:
        """What is wrong, in sentences."""
        if self.workers:
            return [
                *(said for view in self.views if (said := ailment(view))),
                *self.beside.ailments(self.where),
            ]
        # Every view that nobody folds, and every process that nobody runs, would say the same once more.
        parked = [said for view in self.views if view.parked and (said := ailment(view))]
        effects = [
            said for process in self.beside.processes if process.parked and (said := process_ailment(process))
        ]
        waits = self.beside.waits(self.where)
        return ["no worker is at work, so nothing is folded and no process runs", *parked, *effects, *waits]


@app.callback(
    epilog="Exit code 0: all is well. 1: something is not, and said, or nothing runs here. "
    "2: the database could not be reached."
)
def status(
    worker: Annotated[bool, typer.Option("--worker", help="Ask only for a worker on this host.")] = False,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of the views and the workers."""
    settings = read_settings()
    if not settings.database_url and running(settings) is None:
        raise Declined(f"Headwater is not running on {settings.data_dir}.", code="not_running")
    look = asyncio.run(_look(tenant))
    if worker:
        _tell_worker(look, as_json)
    if as_json:
        say_json(
            {
                "well": not look.problems,
                "problems": look.problems,
                "unknown": look.unknown,
                "unknown_processes": look.unknown_processes,
                "workers": look.workers,
                "services": [asdict(service) for service in look.services],
                "views": [asdict(view) for view in look.views],
            }
        )
    else:
        tell_status(look)
    raise typer.Exit(REFUSED if look.problems else DONE)


async def _look(tenant: str | None) -> Look:
    where = "" if tenant is None else f" --tenant {tenant}"
    async with reading(tenant) as pool:
        at_work = await workers(pool)
        services = await services_health(pool)
        look = Look(await views_status(pool), at_work, await standing(pool), where, services)
        if look.problems:
            # All views take a while to load, so they are only where it matters which there are.
            from app.contexts import VIEWS
            from app.processes.declared import KNOWN

            known = {view.name for view in VIEWS}
            beside = await standing(pool, known, KNOWN)
            look = Look(await views_status(pool, known), at_work, beside, where, services)
        return look


def _tell_worker(look: Look, as_json: bool) -> None:
    here = [name for name in look.workers if name.rpartition(":")[0] == socket.gethostname()]
    if as_json:
        say_json({"well": bool(here), "workers": here})
    else:
        typer.echo(f"{here[0]} is at work." if here else "No worker of this host has shown itself lately.")
    raise typer.Exit(DONE if here else REFUSED)


def tell_status(look: Look) -> None:
    """Write it for people."""
    for view in look.views:
        name = view.name if view.live else f"{view.name} g{view.generation}"
        lag = f"{view.lag_events:,} behind" if view.lag_events else "at the head"
        typer.echo(f"{name:<28} {view.store:<9} {view.state:<10} {view.position:>12,} {lag}")
    typer.echo(f"Workers: {', '.join(look.workers) or 'none'}.")
    for each in look.services:
        typer.echo(
            f"{each.service} {each.instance}: {each.status} {each.age:.0f} s ago, "
            f"looked in {each.response_ms:.0f} ms, {each.errors} errors logged."
        )
    for name in look.unknown:
        typer.echo(
            f"Unknown to this version of the code: {name}. Drop it: headwater views retire {name}{look.where}"
        )
    for name in look.unknown_processes:
        typer.echo(
            f"Unknown to this version of the code: the process {name}. It rests until code has it again."
        )
    if not look.problems:
        typer.echo("All is well.")
    for problem in look.problems:
        typer.echo(f"Not well: {problem}.")
