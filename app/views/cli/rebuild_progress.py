"""Shows a rebuild while it goes on: a bar for each view in a terminal, lines of JSON for programs."""

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import Any, Self
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from app.cli.answers import DONE, REFUSED, Declined, say_json
from app.cli.place import workers
from app.cli.progress import now_and_then
from app.cli.reconnect import Reconnecting
from app.plurals import counted, differing
from app.storage.database import Pool
from projections.kit.rebuild.model import Building, RebuildRecord, RebuildState
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.store.rebuild_queue import RebuildRefused

NOBODY = "No worker is at work, so nothing is built until one is: `headwater run` or `headwater worker`."

_LOOK = 0.5
"""Seconds between two looks."""
_GOOD = frozenset(
    # What was rolled back had been cut over to, and was then taken back because somebody asked for it.
    {RebuildState.SWITCHED, RebuildState.FINISHED, RebuildState.REPORTED, RebuildState.ROLLED_BACK}
)


class _Pace(ProgressColumn):
    """Events a second, and when it will be done."""

    def render(self, task: Task) -> Text:
        rate, eta = task.fields["rate"], task.fields["eta"]
        if task.finished or eta is None:
            return Text(f"{rate:,.0f}/s" if rate else "")
        return Text(f"{rate:,.0f}/s, {span(eta)} to go")


async def watch(
    rebuilds: Rebuilds, id: UUID, pool: Pool, *, as_json: bool, where: str = "", then: str = ""
) -> int:
    """Show how a rebuild stands until it goes on no more; the exit code that follows.

    ``where`` is the option that says which silo it is in. The database may be away for a while; ``then`` says what
    to do where it stays so. Raises StillAway, and Declined for a rebuild that is not there, or no more.
    """
    then = then or f"Watch it again: headwater rebuilds {id} --watch{where}"
    persisting = Reconnecting(then=then)
    last: RebuildRecord | None = None
    warned = False
    async with AsyncExitStack() as stack:
        bars = stack.enter_context(_Bars(hidden=as_json))
        if not (as_json or sys.stdout.isatty()):
            # Bars are drawn in a terminal alone; elsewhere they are there at the end.
            await stack.enter_async_context(now_and_then(lambda: _how_far(last)))
        while last is None or last.working:
            if last is not None:
                await asyncio.sleep(_LOOK)
            state = await persisting.ask(lambda: _one(rebuilds, id))
            if not warned and state.working and not await persisting.ask(lambda: workers(pool)):
                warned = True
                typer.echo(f"headwater: {NOBODY}", err=True)
            bars.show(state)
            if as_json and state != last:
                say_json(state)
            last = state
    if not as_json:
        tell_end(last, where)
    return outcome(last)


def _how_far(rebuild: RebuildRecord | None) -> str:
    if rebuild is None:
        return "it is not known yet how far it is"
    folded = sum(min(building.position, building.target) for building in rebuild.views)
    events = sum(building.target for building in rebuild.views)
    views = counted(len(rebuild.views), "view")
    if rebuild.state is RebuildState.VERIFYING:
        return f"it is verifying, {sum(each.report is not None for each in rebuild.views)} of {views} done"
    return f"it is {rebuild.state}, {folded:,} of {counted(events, 'event')} in {views}"


async def _one(rebuilds: Rebuilds, id: UUID) -> RebuildRecord:
    try:
        return await rebuilds.one(id)
    except RebuildRefused as refused:
        # A database that was restored may know nothing of it.
        raise Declined(str(refused)) from refused


class _Bars:
    """A bar for each view."""

    def __init__(self, *, hidden: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(complete_style="cyan", finished_style="green"),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} events"),
            _Pace(),
            TextColumn("{task.fields[phase]}"),
            disable=hidden,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, rebuild: RebuildRecord) -> None:
        """Bring every bar to where its view stands."""
        for building in rebuild.views:
            fields = _fields(building, rebuild)
            if building.view not in self._tasks:
                self._tasks[building.view] = self._progress.add_task(building.view, **fields)
            self._progress.update(
                self._tasks[building.view],
                completed=min(building.position, building.target),
                total=building.target,
                **fields,
            )


def outcome(rebuild: RebuildRecord) -> int:
    """The exit code that says how a rebuild stands: 1 unless it did, or is doing, what was asked.

    One that was cancelled never did.
    """
    differs = any(building.report is not None and building.report.differing for building in rebuild.views)
    if rebuild.state is RebuildState.REPORTED:
        return REFUSED if differs else DONE
    return DONE if rebuild.state in _GOOD or rebuild.working else REFUSED


_DIFFERENCES = {"missing": "is not in what was built", "extra": "is only in what was built"}


def tell_end(rebuild: RebuildRecord, where: str = "") -> None:
    """How it ended, view by view, and what may be done next; ``where`` as for `watch`."""
    for building in rebuild.views:
        if (report := building.report) is None:
            continue
        if rebuild.tenant_id is not None and not report.compared:
            typer.echo(f"{building.view}: {counted(report.rows, 'row')} put in place; the others were right.")
            continue
        if not report.compared:
            found = f"{counted(report.rows, 'row')}, not compared"
        elif report.differing:
            found = differing(report.differing, report.compared)
        else:
            found = counted(report.compared, "row", verb=("agrees", "agree"))
        typer.echo(f"{building.view}: {found}{f' ({report.note})' if report.note else ''}.")
        for each in report.examples:
            what = _DIFFERENCES.get(each.kind) or f"differs in {', '.join(each.fields)}"
            typer.echo(f"  {', '.join(each.key)} of tenant {each.tenant_id} {what}")
    typer.echo(_sentence(rebuild, where))


def _sentence(rebuild: RebuildRecord, where: str) -> str:
    match rebuild.state:
        case RebuildState.SWITCHED if rebuild.tenant_id is None:
            return _standing(rebuild, where)
        case RebuildState.SWITCHED | RebuildState.FINISHED:
            return "Done."
        case RebuildState.REPORTED:
            if outcome(rebuild) == DONE:
                return "The views agree with the log."
            differing = " ".join(
                building.view for building in rebuild.views if building.report and building.report.differing
            )
            command = f"headwater reconcile {differing} --repair{where}"
            return f"The views differ from the log. To repair them: {command}"
        case RebuildState.DIFFERS:
            return (
                "Rows differ, so the former generations go on serving. Cut over all the same: "
                f"headwater accept {rebuild.id}{where}\nGive it up: headwater cancel {rebuild.id}{where}"
            )
        case RebuildState.FAILED:
            return f"It failed: {rebuild.error}"
        case RebuildState.BUILDING | RebuildState.VERIFYING:
            paused = f" It is paused; go on: headwater resume {rebuild.id}{where}" if rebuild.paused else ""
            return f"It is {rebuild.state}.{paused}"
        case _:
            return f"It was {rebuild.state}."


def _standing(rebuild: RebuildRecord, where: str) -> str:
    """What of a rebuild that was cut over to still serves."""
    live = sum(building.live for building in rebuild.views)
    serving = (
        "The new generations serve" if live == len(rebuild.views) else f"{live} of {len(rebuild.views)} serve"
    )
    return (
        f"{serving}. Back to the former ones: headwater rollback {rebuild.id}{where}"
        if live
        else "None serves now."
    )


def taken_back(building: Building) -> str:
    """When a view's new generation was taken back, and by whom."""
    at = f"{building.rolled_back_at:%Y-%m-%d %H:%M:%S} UTC" if building.rolled_back_at else "never"
    return f"generation {building.generation} was rolled back at {at} by {building.rolled_back_by}"


def serves(building: Building) -> str:
    """Whether what was built for a view serves, in words."""
    if building.rolled_back_at is not None:
        return taken_back(building)
    return f"generation {building.generation}, {'live' if building.live else building.phase}"


def span(seconds: float) -> str:
    """A time to wait, as people say it."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


# The library takes a bar's own fields as keyword arguments of any type.
def _fields(building: Building, rebuild: RebuildRecord) -> dict[str, Any]:
    phase = "paused" if rebuild.paused and rebuild.working else building.phase
    if rebuild.state is RebuildState.VERIFYING and not rebuild.paused:
        phase = "verifying" if building.report is None else "verified"
    parked = f", {building.parked} parked" if building.parked else ""
    return {"rate": building.rate, "eta": building.eta_seconds, "phase": f"{phase}{parked}"}
