"""How the views stand, for operators."""

from math import inf
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.access import covered
from api.kit.context import Info
from api.kit.fields import argument, field
from api.kit.scalars import Position
from api.kit.shows import enum
from projections.kit.status import ViewState, ViewStatus

enum(ViewState)


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
    holder: str | None = strawberry.field(description="Which worker follows it.")
    last_read_seconds: float | None = strawberry.field(
        description="How long ago its worker last read the log; empty before it ever has, and for an inline "
        "view that needs none."
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
            holder=status.holder,
            last_read_seconds=None if status.last_read_age == inf else status.last_read_age,
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
        return [ViewInfo.of(one) for one in statuses if names is None or one.name in names]
