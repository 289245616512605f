"""``headwater rebuild``, ``reconcile`` and ``rollback``: views built anew while the old ones serve."""

from typing import Annotated
from uuid import UUID

import typer

from app.cli.completion import rebuild_ids, view_names
from app.cli.place import (
    DONE,
    EXIT_CODES,
    AsJson,
    asker,
    carry_out,
    operating,
    reached,
    refuse,
    say_json,
    workers,
)
from app.cli.watching import NOBODY, taken_back, watch
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.rebuilds import RebuildKind, RebuildViews
from domain.operations.rollbacks import RollbackViews
from projections.kit.rebuild import Rebuild

Names = Annotated[list[str] | None, typer.Argument(help="Names of views.", autocompletion=view_names)]
Every = Annotated[bool, typer.Option("--all", help="Every view.")]
Tenant = Annotated[UUID | None, typer.Option(help="Only this tenant's rows, in place.")]
Rate = Annotated[int | None, typer.Option(min=1, help="At most so many events a second for each view.")]
Parallel = Annotated[int, typer.Option(min=1, max=16, help="How many views are built at the same time.")]
Detach = Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")]

_ids = TimeOrderedIds()


def rebuild(
    names: Names = None,
    every: Every = False,
    tenant: Tenant = None,
    rate: Rate = None,
    parallel: Parallel = 2,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Build views anew from the log beside those that serve, compare, and cut over to them together.

    The workers do it; Ctrl-C only ends the watching.
    """
    _ask(_named(names, every), RebuildKind.REBUILD, tenant, rate, parallel, False, detach, as_json)


def reconcile(
    names: Names = None,
    every: Every = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Where rows differ, cut over to what the log says.")
    ] = False,
    rate: Rate = None,
    parallel: Parallel = 2,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Compare views with the log, row by row, and say where they differ; all views unless some are named.

    They are built beside those that serve; unless they are to repair, they are given up after the comparison.
    """
    asked = _named(names, every or not names)
    _ask(asked, RebuildKind.RECONCILE, None, rate, parallel, repair, detach, as_json)


def rollback(
    id: Annotated[UUID, typer.Argument(help="The rebuild that is taken back.", autocompletion=rebuild_ids)],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Only these of its views; all by default.", autocompletion=view_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let the generations serve again that served before a rebuild was cut over to, all of them at once.

    Asked again, it changes nothing: what was taken back stays so. To go forward again, rebuild.
    """
    operation = RollbackViews(id=_ids.new(), rebuild_id=id, views=tuple(names or ()), asked_by=asker())

    async def work() -> tuple[dict[str, int], Rebuild] | Refusal:
        async with operating() as (operations, _):
            done = await carry_out(operations, operation)
            if isinstance(done, Refusal):
                return done
            return dict(done.generations), await operations.rebuilds.one(id)

    found = reached(work)
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    serving, after = found
    if as_json:
        say_json({"serving": serving, "rebuild": after})
        return
    for one in after.views:
        if one.view in serving:
            typer.echo(f"{one.view}: generation {serving[one.view]} serves; {taken_back(one)}.")


def _named(names: list[str] | None, every: bool) -> tuple[str, ...]:
    """The views that are meant, none standing for all. Ends the command when that is not clear."""
    if every and names:
        raise typer.BadParameter("Name views or give --all, not both.")
    if every:
        return ()
    if not names:
        raise typer.BadParameter("Name the views, or give --all.")
    return tuple(names)


def _ask(
    names: tuple[str, ...],
    kind: RebuildKind,
    tenant: UUID | None,
    rate: int | None,
    parallel: int,
    repair: bool,
    detach: bool,
    as_json: bool,
) -> None:
    id = _ids.new()

    async def work() -> int | Refusal:
        async with operating() as (operations, pool):
            operation = RebuildViews(
                id=id,
                views=names or tuple(await operations.rebuilds.kept()),
                kind=kind,
                tenant_id=tenant,
                rate=rate,
                parallel=parallel,
                repair=repair,
                asked_by=asker(),
            )
            done = await carry_out(operations, operation)
            if isinstance(done, Refusal):
                return done
            if not detach:
                return await watch(operations.rebuilds.watch(id), pool, as_json=as_json)
            if as_json:
                say_json(await operations.rebuilds.one(id))
            else:
                typer.echo(_how_to_go_on(id))
            if not await workers(pool):
                typer.echo(f"headwater: {NOBODY}", err=True)
            return DONE

    try:
        ended = reached(work)
    except KeyboardInterrupt:
        typer.echo(f"\n{_how_to_go_on(id)}", err=True)
        raise typer.Exit(130) from None
    if isinstance(ended, Refusal):
        raise refuse(ended, as_json)
    raise typer.Exit(ended)


def _how_to_go_on(id: UUID) -> str:
    return (
        f"The workers go on with rebuild {id}.\n"
        f"Watch it: headwater rebuilds {id} --watch\nGive it up: headwater cancel {id}"
    )


_CODES = f"{EXIT_CODES} For a comparison, 1 also means that rows differ."

commands = {
    "rebuild": (rebuild, _CODES),
    "reconcile": (reconcile, _CODES),
    "rollback": (rollback, EXIT_CODES),
}
"""The commands at the root, each with what closes its help."""
