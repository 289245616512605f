"""``headwater rebuild``, ``reconcile`` and ``rollback``: views rebuilt while the old ones serve."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from app.cli.answers import DONE, EXIT_CODES, AsJson, refuse, say_json
from app.cli.completion import rebuild_ids, view_names
from app.cli.place import InSilo, Place, asker, carry_out, operating, operating_at, placed, workers
from app.views.cli.rebuild_progress import NOBODY, taken_back, watch
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from domain.operations.rebuilds import RebuildKind, RebuildViews
from domain.operations.rollbacks import RollbackViews
from projections.kit.rebuild.model import RebuildRecord
from projections.operations.operator_requests import OperatorRequests

Names = Annotated[list[str] | None, typer.Argument(help="Names of views.", autocompletion=view_names)]
Every = Annotated[bool, typer.Option("--all", help="Every view.")]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        metavar="SLUG|ID",
        help="Only this tenant's rows, in place; its whole database if it has one of its own.",
    ),
]
Rate = Annotated[int | None, typer.Option(min=1, help="The rate limit, in events per second for each view.")]
Parallel = Annotated[int, typer.Option(min=1, max=16, help="How many views to build at the same time.")]
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
    """Rebuild views from the log beside the live generations, compare, and cut over to them together.

    The workers do it; Ctrl-C only ends the watching.
    """
    request = _Request(_named(names, every), RebuildKind.REBUILD, rate=rate, parallel=parallel)
    _ask(request, tenant, whole=False, detach=detach, as_json=as_json)


def reconcile(
    names: Names = None,
    every: Every = False,
    repair: Annotated[bool, typer.Option("--repair", help="Repair: cut over to rows that differ.")] = False,
    tenant: InSilo = None,
    rate: Rate = None,
    parallel: Parallel = 2,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Compare views with the log, row by row, and show where they differ; by default all views.

    They are built beside those that serve; unless they are to repair, they are given up after the comparison.
    """
    request = _Request(
        _named(names, every or not names), RebuildKind.RECONCILE, rate=rate, parallel=parallel, repair=repair
    )
    _ask(request, tenant, whole=True, detach=detach, as_json=as_json)


def rollback(
    id: Annotated[
        UUID, typer.Argument(help="The id of the rebuild to roll back.", autocompletion=rebuild_ids)
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Only these views of the rebuild; by default all.", autocompletion=view_names),
    ] = None,
    tenant: InSilo = None,
    as_json: AsJson = False,
) -> None:
    """Roll back a cut-over: the former generations serve again, all of them at once.

    Asked again, it changes nothing: what was taken back stays so. To go forward again, rebuild.
    """
    operation = RollbackViews(id=_ids.new(), rebuild_id=id, views=tuple(names or ()), asked_by=asker())

    async def work() -> tuple[dict[str, int], RebuildRecord] | Refusal:
        async with operating(tenant) as (operations, _):
            done = await carry_out(operations, operation)
            if isinstance(done, Refusal):
                return done
            return dict(done.generations), await operations.rebuilds.one(id)

    found = asyncio.run(work())
    if isinstance(found, Refusal):
        raise refuse(found, as_json)
    serving, after = found
    if as_json:
        say_json({"serving": serving, "rebuild": after})
        return
    for view in after.views:
        if view.view in serving:
            typer.echo(f"{view.view}: generation {serving[view.view]} serves; {taken_back(view)}.")


def _named(names: list[str] | None, every: bool) -> tuple[str, ...]:
    """The views that are meant, none standing for all. Ends the command when that is not clear."""
    if every and names:
        raise typer.BadParameter("Name views or give --all, not both.")
    if every:
        return ()
    if not names:
        raise typer.BadParameter("Name the views, or give --all.")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of the workers; no views stand for all."""

    views: tuple[str, ...]
    kind: RebuildKind
    rate: int | None
    parallel: int
    repair: bool = False

    async def operation(self, id: UUID, operations: OperatorRequests, place: Place) -> RebuildViews:
        """The operation that asks for it."""
        return RebuildViews(
            id=id,
            views=self.views or tuple(await operations.rebuilds.kept()),
            kind=self.kind,
            tenant_id=place.only,
            rate=self.rate,
            parallel=self.parallel,
            repair=self.repair,
            asked_by=asker(),
        )


def _ask(request: _Request, tenant: str | None, *, whole: bool, detach: bool, as_json: bool) -> None:
    id = _ids.new()
    where = "" if tenant is None else f" --tenant {tenant}"
    how_to_go_on = (
        f"The workers go on with rebuild {id}.\n"
        f"Watch it: headwater rebuilds {id} --watch{where}\nGive it up: headwater cancel {id}{where}"
    )

    async def work() -> int | Refusal:
        async with placed(tenant, whole=whole) as place, operating_at(place) as (operations, pool):
            done = await carry_out(operations, await request.operation(id, operations, place))
            if isinstance(done, Refusal):
                return done
            if not detach:
                return await watch(
                    operations.rebuilds, id, pool, as_json=as_json, where=where, then=how_to_go_on
                )
            if as_json:
                say_json(await operations.rebuilds.one(id))
            else:
                typer.echo(how_to_go_on)
            if not await workers(pool):
                typer.echo(f"headwater: {NOBODY}", err=True)
            return DONE

    try:
        ended = asyncio.run(work())
    except KeyboardInterrupt:
        typer.echo(f"\n{how_to_go_on}", err=True)
        raise typer.Exit(130) from None
    if isinstance(ended, Refusal):
        raise refuse(ended, as_json)
    raise typer.Exit(ended)


_CODES = f"{EXIT_CODES} For a comparison, 1 also means that rows differ."

commands = {
    "rebuild": (rebuild, _CODES),
    "reconcile": (reconcile, _CODES),
    "rollback": (rollback, EXIT_CODES),
}
"""The commands at the root, each with what closes its help."""
