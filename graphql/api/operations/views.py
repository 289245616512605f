"""The state of the views, for operators."""

import asyncio
from dataclasses import replace
from math import inf
from typing import Annotated, Any

import strawberry

from api.kit.model import (
    COVERED,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Position,
    Receipt,
    among,
    argument,
    covered,
    derived,
    field,
    forward,
    shows,
)
from api.kit.schema.lists.held import held_filter, meeting
from api.operations.live_lists import Happening, OperatorList
from api.operations.operator_commands import operator_request, require_known
from domain.operations.interventions import PauseViews, ResumeViews, RetireViews
from projections.kit.declare.view import ViewStore
from projections.kit.read.status import ViewState, ViewStatus
from projections.operations.operator_requests import Operation, OperationDone

PERMISSION = "ops:rebuild"
_LOOK, _LOOKS = 0.2, 15
"""Seconds between two looks at views that a worker is to take up, and how many there are at most."""
UNSHOWN = ("folded", "error_event", "attempts", "pages", "page_seconds", "errors", "last_read_age")
"""What the command line alone shows of a view."""


@shows(ViewStatus, needs=COVERED, leave_out=UNSHOWN)
class ViewInfo:
    """The state of a view in relation to the log."""

    store: ViewStore | None
    position: Position
    head: Position
    error_position: Position | None

    last_read_seconds = derived(
        float | None,
        lambda row: None if row.last_read_age == inf else row.last_read_age,
        "How long ago its worker last read the log; null before the first read, for an inline view that needs no "
        "worker, and while paused.",
    )


@covered
@strawberry.type(description="The receipt of an operation on views.")
class ViewsReceipt(Receipt):
    """Shows how they stand."""

    names: strawberry.Private[tuple[str, ...]]
    taken_up: strawberry.Private[bool]
    """Whether a worker is to fold them from now on."""

    @field(
        "The views in their current state; workers release them, or take them up, shortly.", list[ViewInfo]
    )
    async def views(self, info: Info) -> list[ViewStatus]:
        looks = _LOOKS if self.taken_up else 0
        while True:
            statuses = await info.context.services.progress.statuses()
            named = [status for status in statuses if status.live and status.name in self.names]
            if not looks or all(status.state is not ViewState.STOPPED for status in named):
                return named
            # No worker has taken them up yet: it would look as if none did.
            looks -= 1
            await asyncio.sleep(_LOOK)


def _named(operation: Operation, done: OperationDone) -> dict[str, Any]:
    assert isinstance(operation, PauseViews | ResumeViews | RetireViews)
    return {"names": operation.views, "taken_up": isinstance(operation, ResumeViews)}


@strawberry.type
class Mutation:
    pause_views = operator_request(PauseViews, ViewsReceipt, needs=PERMISSION, shown=_named)
    resume_views = operator_request(ResumeViews, ViewsReceipt, needs=PERMISSION, shown=_named)
    retire_views = operator_request(RetireViews, ViewsReceipt, needs=PERMISSION, shown=_named)


def _place(status: ViewStatus) -> tuple[str, int]:
    return status.name, status.generation


ViewInfoFilter = held_filter(ViewInfo, ViewStatus, plural="views")


@strawberry.type
class Query:
    @field(
        "The state of the views, by pages, sorted by name, for operators.",
        ForwardConnection[ViewInfo],
        needs="ops:views",
    )
    async def views(
        self,
        info: Info,
        names: Annotated[list[str] | None, argument("Only these views; by default all.")] = None,
        filter: Annotated[
            ViewInfoFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[ViewStatus]:
        statuses = await info.context.services.progress.statuses()
        require_known("view", names or (), (status.name for status in statuses))
        named = [status for status in statuses if names is None or status.name in names]
        wanted = meeting(named, ViewInfoFilter.tree(filter))
        return await forward(
            info.context, "views", first, after, among(wanted, _place), place=_place, of=tuple[str, int]
        )


def _lasting(status: ViewStatus) -> ViewStatus:
    """What of it is told: not what the command line alone shows, nor how long ago something was."""
    return replace(
        status,
        folded=0,
        error_event=None,
        attempts=0,
        pages=0,
        page_seconds=0,
        errors=0,
        last_read_age=None,
        lag_seconds=0,
        rate=0,
    )


_live = OperatorList(
    name="views",
    shown=ViewInfo,
    needs="ops:views",
    read=lambda ask: ask.services.progress.statuses,
    named=lambda status: f"{status.name}:{status.generation}",
    names="The view's name and generation, as `tasks.tasks:1`",
    lasting=_lasting,
    made=Happening("GENERATION_MADE", "A generation of a view was made."),
    happens=(
        Happening("PAUSED", "It was paused.", lambda before, now: not before.paused_by and now.paused_by),
        Happening("RESUMED", "It goes on.", lambda before, now: before.paused_by and not now.paused_by),
        Happening("CUT_OVER", "It became the live one.", lambda before, now: now.live and not before.live),
        Happening("REPLACED", "Another one became live.", lambda before, now: before.live and not now.live),
        Happening(
            "FAILED",
            "Folding it began to fail.",
            lambda before, now: now.state is not before.state and now.state is ViewState.FAILING,
        ),
        Happening("STATE_CHANGED", "Its state changed.", lambda before, now: now.state is not before.state),
        Happening(
            "PARKED_CHANGED",
            "More or fewer of its streams are parked.",
            lambda before, now: now.parked != before.parked,
        ),
        Happening("FOLDED", "It has folded more.", lambda before, now: now.position != before.position),
    ),
    gone=Happening("GENERATION_REMOVED", "The generation is gone."),
)


@strawberry.type
class Subscription:
    view_changed = _live.subscription(
        "Every change of views that is noticed once a second, for operators; a change of lag or rate alone is not "
        "sent."
    )
