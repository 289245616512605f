"""How the views stand, for operators."""

from collections.abc import Sequence
from math import inf
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.access import covered
from api.kit.commands import Receipt
from api.kit.context import Info
from api.kit.errors import ClientError
from api.kit.fields import argument, field
from api.kit.scalars import Position
from api.kit.shows import enum
from api.operations.wishes import wishes
from domain.operations.interventions import PauseViews, ResumeViews
from projections.kit.status import ViewState, ViewStatus
from projections.operations.operating import Done, Operation

enum(ViewState)

PERMISSION = "ops:rebuild"


@covered
@strawberry.type(description="How one view stands against the log.")
class ViewInfo:
    """A generation of a view."""

    name: str = strawberry.field(description="The view's name.")
    store: str = strawberry.field(description="Where its rows are: `postgres`, `redis` or `search`.")
    version: int = strawberry.field(description="The version of its folds.")
    generation: int = strawberry.field(description="Which building of it this is.")
    live: bool = strawberry.field(description="Whether readers see this generation.")
    inline: bool = strawberry.field(description="Whether it is folded inside the append's transaction.")
    state: ViewState = strawberry.field(description="What it is doing.")
    position: Position = strawberry.field(description="Up to which position it has folded.")
    head: Position = strawberry.field(description="The last position of the log at that moment.")
    lag_events: int = strawberry.field(description="How many events it has still to fold.")
    lag_seconds: float = strawberry.field(description="How old the oldest of them is.")
    rate: float = strawberry.field(description="Events folded in a second, of late.")
    complete: bool = strawberry.field(
        description="Whether it has folded exactly as many events as there are up to its position."
    )
    parked: int = strawberry.field(
        description="How many streams could not be folded; their events wait while the others go on."
    )
    error: str | None = strawberry.field(description="Why it stands still, when it does.")
    error_position: Position | None = strawberry.field(description="At which event it stands still.")
    error_stream: UUID | None = strawberry.field(description="To which thing that event belongs.")
    paused_by: str | None = strawberry.field(description="Who let it stand still; empty: nobody did.")
    holder: str | None = strawberry.field(description="Which worker follows it.")
    last_read_seconds: float | None = strawberry.field(
        description="How long ago its worker last read the log; empty before it ever has, and for an inline "
        "view that needs none and for one that is paused."
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
@strawberry.type(description="The receipt of a wish about views that serve.")
class ViewsReceipt(Receipt):
    """Shows how they stand."""

    names: strawberry.Private[tuple[str, ...]]

    @field("The views as they stand now; workers let go of them, or take them up, in a moment.")
    async def views(self, info: Info) -> list[ViewInfo]:
        statuses = await info.context.services.progress.statuses()
        return [ViewInfo.of(one) for one in statuses if one.live and one.name in self.names]


def _named(wish: Operation, done: Done) -> dict[str, Any]:
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
    pause_views = wishes(PauseViews, ViewsReceipt, permission=PERMISSION, answer="ViewsAnswer", shown=_named)
    resume_views = wishes(
        ResumeViews, ViewsReceipt, permission=PERMISSION, answer="ViewsAnswer", shown=_named
    )


@strawberry.type
class Query:
    @field("How the views stand, for operators.", needs="ops:views")
    async def views(
        self,
        info: Info,
        names: Annotated[list[str] | None, argument("Only these; all by default.")] = None,
    ) -> list[ViewInfo]:
        statuses = await info.context.services.progress.statuses()
        known(statuses, names or ())
        return [ViewInfo.of(one) for one in statuses if names is None or one.name in names]
