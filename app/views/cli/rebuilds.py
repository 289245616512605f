"""``headwater rebuilds``, and ``pause``, ``resume``, ``cancel`` and ``accept`` for one of them."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import DONE, EXIT_CODES, AsJson, Declined, refuse, say_json, say_table
from app.cli.completion import open_rebuild_ids, rebuild_ids
from app.cli.place import InSilo, asker, carry_out, operating
from app.plurals import counted
from app.views.cli.rebuild_progress import outcome, serves, tell_end, watch
from domain.kit.refusals import Refusal
from domain.operations.rebuilds import AcceptRebuild, CancelRebuild, PauseRebuild, ResumeRebuild
from projections.kit.rebuild.model import RebuildRecord, RebuildState
from projections.kit.store.rebuild_queue import RebuildRefused
from projections.operations.operator_requests import Directing

Id = Annotated[UUID, typer.Argument(help="The rebuild.", autocompletion=open_rebuild_ids)]


def rebuilds(
    id: Annotated[UUID | None, typer.Argument(help="Only this one.", autocompletion=rebuild_ids)] = None,
    follow: Annotated[bool, typer.Option("--watch", help="Show progress until it ends.")] = False,
    first: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = 20,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """List the rebuilds, the newest first, or show one."""
    if follow and id is None:
        raise typer.BadParameter("Say which rebuild to watch.")

    where = "" if tenant is None else f" --tenant {tenant}"

    async def work() -> int:
        async with operating(tenant) as (operations, pool):
            if id is None:
                _list(await operations.rebuilds.all(limit=first), as_json)
                return 0
            try:
                rebuild = await operations.rebuilds.one(id)
            except RebuildRefused as refused:
                raise Declined(str(refused)) from refused
            if follow:
                return await watch(operations.rebuilds, id, pool, as_json=as_json, where=where)
            if as_json:
                say_json(rebuild)
            else:
                _table([rebuild])
                for each in rebuild.views:
                    typer.echo(
                        f"{each.view}: {each.position:,} of {counted(each.target, 'event')}, {serves(each)}"
                    )
                tell_end(rebuild, where)
            # It ended as somebody asked, which is no failure to who looks at it, but to who waits for it.
            return DONE if rebuild.state is RebuildState.CANCELLED else outcome(rebuild)

    try:
        code = asyncio.run(work())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(code)


def pause(id: Id, tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Pause a rebuild."""
    _direct(PauseRebuild(id=id, asked_by=asker()), tenant, "Paused.", as_json)


def resume(id: Id, tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Resume a paused rebuild."""
    _direct(ResumeRebuild(id=id, asked_by=asker()), tenant, "It goes on.", as_json)


def cancel(id: Id, tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Cancel a rebuild; the live generations keep serving."""
    _direct(CancelRebuild(id=id, asked_by=asker()), tenant, "Cancelled.", as_json)


def accept(id: Id, tenant: InSilo = None, as_json: AsJson = False) -> None:
    """Cut over to a rebuild although its rows differ from those of the live generation."""
    _direct(AcceptRebuild(id=id, asked_by=asker()), tenant, "Accepted.", as_json)


def _direct(operation: Directing, tenant: str | None, said: str, as_json: bool) -> None:
    async def work() -> RebuildRecord | Refusal:
        async with operating(tenant) as (operations, _):
            done = await carry_out(operations, operation)
            return done if isinstance(done, Refusal) else await operations.rebuilds.one(operation.id)

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    if as_json:
        say_json(found)
    else:
        typer.echo(said)


def _list(found: list[RebuildRecord], as_json: bool) -> None:
    if as_json:
        say_json(found)
    elif found:
        _table(found)
    else:
        typer.echo("Nothing has been rebuilt.")


def _names(rebuild: RebuildRecord) -> str:
    names = [each.view for each in rebuild.views]
    return " ".join(names) if len(names) <= 4 else f"{' '.join(names[:3])} and {len(names) - 3} more"


def _state(rebuild: RebuildRecord) -> str:
    if rebuild.paused and rebuild.open:
        return f"{rebuild.state}, paused"
    if 0 < rebuild.rolled_back < len(rebuild.views):
        return f"{rebuild.state}, {rebuild.rolled_back} of {len(rebuild.views)} rolled back"
    return rebuild.state


def _table(found: list[RebuildRecord]) -> None:
    say_table(
        ("REBUILD", "KIND", "STATE", "ASKED AT (UTC)", "BY", "VIEWS"),
        [
            (
                str(rebuild.id),
                rebuild.kind if rebuild.tenant_id is None else f"{rebuild.kind}, one tenant",
                _state(rebuild),
                f"{rebuild.asked_at:%Y-%m-%d %H:%M:%S}",
                rebuild.asked_by,
                _names(rebuild),
            )
            for rebuild in found
        ],
    )


_CODES = (
    f"{EXIT_CODES} For one rebuild, 1 means that it failed, that rows differ, or, with --watch, that it was "
    "cancelled; one that was rolled back, or cancelled before, ended as somebody asked."
)

commands = {
    name: (command, _CODES if name == "rebuilds" else EXIT_CODES)
    for name, command in {
        "rebuilds": rebuilds,
        "pause": pause,
        "resume": resume,
        "cancel": cancel,
        "accept": accept,
    }.items()
}
"""The commands at the root, each with what closes its help."""
