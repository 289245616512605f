"""The state of the views, for operators."""

from collections.abc import Sequence
from math import inf
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import ClientError
from api.kit.schema.commands import Receipt
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field
from api.kit.schema.node_types import enum
from api.kit.schema.scalars import Position
from api.operations.operator_commands import operator_request
from domain.operations.interventions import PauseViews, ResumeViews
from projections.kit.read.status import ViewState, ViewStatus
from projections.operations.operator_requests import Operation, OperationDone

enum(ViewState)

PERMISSION = "ops:rebuild"


@covered
@strawberry.type(description="The state of a view in relation to the log.")
class ViewInfo:
    """A generation of a view."""

    name: str = strawberry.field(description="The view's name.")
    store: str = strawberry.field(description="The store of its rows: `postgres`, `redis` or `search`.")
    version: int = strawberry.field(description="The version of the view's code.")
    generation: int = strawberry.field(description="The number of the generation.")
    live: bool = strawberry.field(description="Whether this generation is live.")
    inline: bool = strawberry.field(
        description="Whether it is an inline view, folded in the transaction of the append."
    )
    state: ViewState = strawberry.field(
        description="What the view is doing; `WAITING` for its store, `STOPPED` while no worker folds it."
    )
    position: Position = strawberry.field(description="The position up to which events are folded.")
    head: Position = strawberry.field(description="The last position of the log at the same moment.")
    lag_events: int = strawberry.field(description="How many events are still to be folded.")
    lag_seconds: float = strawberry.field(description="The age of the oldest event still to be folded.")
    rate: float = strawberry.field(description="Recently folded events per second.")
    complete: bool = strawberry.field(
        description="Whether it has folded exactly as many events as there are up to its position."
    )
    parked: int = strawberry.field(
        description="The number of parked streams, whose events could not be folded and wait."
    )
    error: str | None = strawberry.field(description="The error that stopped it, if any.")
    error_position: Position | None = strawberry.field(description="The position of the event that failed.")
    error_stream: UUID | None = strawberry.field(description="The aggregate of that event.")
    paused_by: str | None = strawberry.field(description="Who paused it; null if it is not paused.")
    holder: str | None = strawberry.field(description="The worker that folds it.")
    last_read_seconds: float | None = strawberry.field(
        description="How long ago its worker last read the log; null before the first read, for an inline view "
        "that needs no worker, and while paused."
    )

    @classmethod
    def of(cls, status: ViewStatus) -> "ViewInfo":
        """The status as the API shows it."""
        return cls(
            name=status.name,
            store=status.store,
            version=status.version,
            generation=status.generation,
            live=status.live,
            inline=status.inline,
            state=status.state,
            position=Position(status.position),
            head=Position(status.head),
            lag_events=status.lag_events,
            lag_seconds=status.lag_seconds,
            rate=status.rate,
            complete=status.complete,
            parked=status.parked,
            error=status.error,
            error_position=None if status.error_position is None else Position(status.error_position),
            error_stream=status.error_stream,
            paused_by=status.paused_by,
            holder=status.holder,
            last_read_seconds=None if status.last_read_age == inf else status.last_read_age,
        )


@covered
@strawberry.type(description="The receipt of an operation on views.")
class ViewsReceipt(Receipt):
    """Shows how they stand."""

    names: strawberry.Private[tuple[str, ...]]

    @field("The views in their current state; workers release them, or take them up, shortly.")
    async def views(self, info: Info) -> list[ViewInfo]:
        statuses = await info.context.services.progress.statuses()
        return [ViewInfo.of(one) for one in statuses if one.live and one.name in self.names]


def _named(wish: Operation, done: OperationDone) -> dict[str, Any]:
    assert isinstance(wish, PauseViews | ResumeViews)
    return {"names": wish.views}


def known(statuses: Sequence[ViewStatus], names: Sequence[str]) -> None:
    """Raises the client's error for a name that no view has: an empty answer would say that all is well."""
    there = {one.name for one in statuses}
    if unknown := [name for name in names if name not in there]:
        raise ClientError(
            f"There is no view {unknown[0]}; there are {', '.join(sorted(there))}.", code="BAD_USER_INPUT"
        )


@strawberry.type
class Mutation:
    pause_views = operator_request(PauseViews, ViewsReceipt, needs=PERMISSION, shown=_named)
    resume_views = operator_request(ResumeViews, ViewsReceipt, needs=PERMISSION, shown=_named)


@strawberry.type
class Query:
    @field("The state of the views, for operators.", needs="ops:views")
    async def views(
        self,
        info: Info,
        names: Annotated[list[str] | None, argument("Only these views; by default all.")] = None,
    ) -> list[ViewInfo]:
        statuses = await info.context.services.progress.statuses()
        known(statuses, names or ())
        return [ViewInfo.of(one) for one in statuses if names is None or one.name in names]
