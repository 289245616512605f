"""Rebuilds for operators: asking for them, directing them, and watching how they go on."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.model import (
    COVERED,
    ClientError,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    Position,
    Receipt,
    RequestContext,
    argument,
    chosen,
    covered,
    derived,
    enum,
    field,
    forward,
    live,
    shows,
)
from api.kit.schema.lists.held import held_filter
from api.kit.schema.nodes import findable
from api.kit.schema.stored_texts import UNKNOWN, known
from api.operations.live_lists import Happening, OperatorList
from api.operations.operator_commands import operator_request
from domain.operations import rebuilds as domain
from domain.operations.rebuilds import RebuildKind
from domain.operations.rollbacks import RollbackViews
from projections.kit.declare.view import ViewStore
from projections.kit.read.conditions import filtered
from projections.kit.rebuild.comparison import Difference, DifferenceKind, Report
from projections.kit.rebuild.model import RebuildPhase, RebuildState
from projections.kit.rebuild.model import RebuildRecord as RebuildRow
from projections.kit.store.rebuild_queue import RebuildRefused
from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests
from projections.operations.rebuild_watch import RebuildWatch

enum(RebuildState)

PERMISSION = "ops:rebuild"
_ITSELF = "version"
"""What kind of rebuild begins by itself."""
RebuildPlace = tuple[datetime, UUID]


@shows(Difference, needs=COVERED)
class RowDifference:
    """A row that differs between two generations of a view."""

    # Values are left out, for they may be personal.
    kind: DifferenceKind | None


@shows(Report, needs=COVERED)
class Comparison:
    """The result of comparing a new generation with the live one."""

    note: str | None
    examples: list[RowDifference]


@covered
@strawberry.type(description="One view of a rebuild.")
class ViewRebuild:
    """How far the new generation of a view is."""

    view: str = strawberry.field(description="The view's name.")
    store = chosen(ViewStore, "store", "The store of its rows.")
    former: int = strawberry.field(description="The live generation at the time of the request.")
    generation: int = strawberry.field(description="The generation that is being built.")
    phase = chosen(RebuildPhase, "phase", "What becomes of it.")
    position: Position = strawberry.field(description="The position up to which events are folded.")
    target: Position = strawberry.field(description="The last position of the log at the same moment.")
    rate: float = strawberry.field(description="Folded events per second.")
    eta_seconds: float | None = strawberry.field(
        description="The estimated seconds until it has caught up; null while it makes no progress."
    )
    parked: int = strawberry.field(description="The number of parked streams.")
    report: Comparison | None = strawberry.field(
        name="comparison", description="The result of the comparison; null before it."
    )
    live: bool = strawberry.field(description="Whether the new generation is live.")
    rolled_back_at: datetime | None = strawberry.field(
        description="When it was rolled back; null if it was not."
    )
    rolled_back_by: str | None = strawberry.field(description="Who rolled it back.")


@covered
@strawberry.type(description="A rebuild of views from the log while the live generations keep serving.")
class Rebuild(Node):
    """What was asked for, and how it stands."""

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        """Whether a value is shown as one: what finds them gives their records."""
        return isinstance(value, RebuildRow | cls)

    id: UUID = strawberry.field(
        description="The rebuild's id: the command id of the mutation that requested it."
    )
    kind = derived(
        enum(RebuildKind) | None,
        lambda row: RebuildKind.REBUILD if row.kind == _ITSELF else known(RebuildKind, row.kind),
        f"Whether it cuts over to the new generations, or only compares them. {UNKNOWN}",
    )
    for_new_version = derived(
        bool,
        lambda row: row.kind == _ITSELF,
        "Whether it began by itself, for a new version of the views' code.",
    )
    tenant_id: UUID | None = strawberry.field(
        description="The only tenant whose rows are rebuilt; null for all tenants."
    )
    state: RebuildState = strawberry.field(description="The rebuild's state.")
    open: bool = strawberry.field(
        description="Whether it can still be paused, resumed, cancelled or accepted."
    )
    paused: bool = strawberry.field(description="Whether it is paused.")
    repair: bool = strawberry.field(description="Whether to cut over although rows differ.")
    rate: int | None = strawberry.field(description="The rate limit, in events per second for each view.")
    parallel: int = strawberry.field(description="How many views are built at the same time.")
    asked_by: str = strawberry.field(description="Who requested it.")
    asked_at: datetime = strawberry.field(description="When it was requested.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null before.")
    error: str | None = strawberry.field(description="Why it failed, if it did.")
    views: list[ViewRebuild] = strawberry.field(description="The views of the rebuild.")


async def _rebuilds(ask: RequestContext, ids: Sequence[UUID]) -> dict[UUID, RebuildRow]:
    found = await ask.port(OperatorRequests).rebuilds.some(ids)
    return {rebuild.id: rebuild for rebuild in found}


findable(Rebuild, _rebuilds, needs="ops:views")


@covered
@strawberry.type(description="The receipt of an operation on a rebuild.")
class RebuildReceipt(Receipt):
    """Shows the rebuild."""

    target: strawberry.Private[UUID]

    @field("The rebuild in its current state.", Rebuild)
    async def rebuild(self, info: Info) -> RebuildRow:
        return await info.context.port(OperatorRequests).rebuilds.one(self.target)


@covered
@strawberry.type(description="A view and its live generation.")
class LiveGeneration:
    """A pointer."""

    view: str = strawberry.field(description="The view's name.")
    generation: int = strawberry.field(description="The live generation.")


@covered
@strawberry.type(description="The receipt of a rollback.")
class RollbackReceipt(Receipt):
    """Shows what serves now."""

    views: list[LiveGeneration] = strawberry.field(description="The generations that are live now.")


def _directed(operation: type[Operation]) -> Any:
    return operator_request(
        operation,
        RebuildReceipt,
        needs=PERMISSION,
        shown=lambda operation, done: {"target": operation.id},
    )


def _serving(operation: Operation, done: OperationDone) -> dict[str, Any]:
    return {
        "views": [
            LiveGeneration(view=view, generation=generation) for view, generation in done.generations.items()
        ]
    }


_place = attrgetter("asked_at", "id")
RebuildFilter = held_filter(Rebuild, RebuildRow, plural="rebuilds")


@strawberry.type
class Query:
    @field("The rebuilds, the newest first, for operators.", ForwardConnection[Rebuild], needs="ops:views")
    async def rebuilds(
        self,
        info: Info,
        filter: Annotated[
            RebuildFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[RebuildRow]:
        ask, where = info.context, [filtered(None, RebuildFilter.tree(filter))]

        async def read(limit: int, before: RebuildPlace | None) -> list[RebuildRow]:
            return await ask.port(OperatorRequests).rebuilds.all(where=where, limit=limit, before=before)

        return await forward(ask, "rebuilds", first, after, read, place=_place, of=RebuildPlace)

    @field("A rebuild by id, for operators.", Rebuild | None, needs="ops:views")
    async def rebuild(self, info: Info, id: Annotated[UUID, argument("Its id.")]) -> RebuildRow | None:
        try:
            return await info.context.port(OperatorRequests).rebuilds.one(id)
        except RebuildRefused:
            return None


@strawberry.type
class Mutation:
    rebuild_views = _directed(domain.RebuildViews)
    pause_rebuild = _directed(domain.PauseRebuild)
    resume_rebuild = _directed(domain.ResumeRebuild)
    cancel_rebuild = _directed(domain.CancelRebuild)
    accept_rebuild = _directed(domain.AcceptRebuild)
    rollback_views = operator_request(RollbackViews, RollbackReceipt, needs=PERMISSION, shown=_serving)


MOST = 100
"""How many rebuilds are watched."""


def _read(ask: RequestContext) -> Callable[[], Awaitable[Sequence[RebuildRow]]]:
    return partial(ask.port(OperatorRequests).rebuilds.all, limit=MOST)


def _lasting(rebuild: RebuildRow) -> RebuildRow:
    """What of it is told: of one that has ended not how the views that it made follow the log."""
    if rebuild.open:
        return rebuild
    ended = (replace(view, position=0, target=0, rate=0, parked=0) for view in rebuild.views)
    return replace(rebuild, views=tuple(ended))


_live = OperatorList(
    name="rebuilds",
    shown=Rebuild,
    needs="ops:views",
    read=_read,
    named=lambda rebuild: str(rebuild.id),
    names="The rebuild's id",
    lasting=_lasting,
    made=Happening("REQUESTED", "It was requested."),
    happens=(
        Happening("PAUSED", "It was paused.", lambda before, now: now.paused and not before.paused),
        Happening("RESUMED", "It goes on.", lambda before, now: before.paused and not now.paused),
        Happening("ENDED", "It has ended.", lambda before, now: now.ended_at and not before.ended_at),
        Happening(
            "ROLLED_BACK", "Views were rolled back.", lambda before, now: now.rolled_back > before.rolled_back
        ),
        Happening("STATE_CHANGED", "Its state changed.", lambda before, now: now.state is not before.state),
        Happening("ADVANCED", "Its views are further.", lambda before, now: now.views != before.views),
    ),
    gone=Happening("LEFT", f"It is none of the newest {MOST} any more."),
)


@strawberry.type
class Subscription:
    rebuild_changed = _live.subscription(
        f"Every change of rebuilds that is noticed once a second, of the newest {MOST}, for operators; "
        "`viewProgress` tells of one."
    )

    @live(
        "A rebuild's state, now and at every change, until it no longer proceeds by itself.",
        Rebuild,
        needs="ops:views",
    )
    async def view_progress(
        self, info: Info, rebuild_id: Annotated[UUID, argument("The rebuild's id.")]
    ) -> AsyncGenerator[RebuildRow, None]:
        try:
            async with aclosing(info.context.port(RebuildWatch).states(rebuild_id)) as states:
                async for state in states:
                    yield state
        except RebuildRefused as refused:
            raise ClientError(str(refused), code="NOT_FOUND") from None
