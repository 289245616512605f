"""Parked streams for operators: what could not be folded into a view, and what is to become of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.access import covered
from api.kit.commands import Receipt
from api.kit.context import Info
from api.kit.fields import argument, field
from api.kit.scalars import Position
from api.operations.views import known
from api.operations.wishes import wishes
from domain.operations.repairs import DiscardParked, RetryParked
from projections.kit.parking import Parked
from projections.operations.operating import Done, Operation, Operations

PERMISSION = "ops:repair"


@covered
@strawberry.type(description="A stream whose events cannot be folded into a view for now, and wait in order.")
class ParkedStream:
    """A parked stream."""

    view: str = strawberry.field(description="The view's name.")
    generation: int = strawberry.field(description="In which generation of it.")
    stream: UUID = strawberry.field(description="The id of the thing whose events wait.")
    tenant_id: UUID = strawberry.field(description="Whose it is.")
    topic: str = strawberry.field(description="What kind of thing it is, as `work.task`.")
    position: Position = strawberry.field(description="The first event that is not folded.")
    event_id: UUID = strawberry.field(description="That event's id.")
    event_type: str = strawberry.field(description="What it says happened, as `work.task.completed`.")
    error: str = strawberry.field(description="Why it could not be folded.")
    attempts: int = strawberry.field(description="How often that was tried.")
    parked_at: datetime = strawberry.field(description="When it was parked.")
    waiting: int = strawberry.field(description="How many of its events wait.")
    asked: str | None = strawberry.field(
        description="`retry` or `discard` when somebody has asked for that and it is still to be done."
    )

    @classmethod
    def of(cls, one: Parked) -> "ParkedStream":
        """The parked stream as the API shows it."""
        return cls(
            view=one.view,
            generation=one.generation,
            stream=one.stream,
            tenant_id=one.tenant_id,
            topic=one.topic,
            position=Position(one.position),
            event_id=one.event_id,
            event_type=one.event_type,
            error=one.error,
            attempts=one.attempts,
            parked_at=one.parked_at,
            waiting=one.waiting,
            asked=one.asked,
        )


@covered
@strawberry.type(description="The receipt of a wish about parked streams; workers grant it in a moment.")
class ParkedReceipt(Receipt):
    """Says how many streams it is about."""

    streams: int = strawberry.field(description="How many parked streams were found and marked.")


def _marked(operation: Operation, done: Done) -> dict[str, Any]:
    return {"streams": done.streams}


@strawberry.type
class Query:
    @field("The streams that are parked, for operators.", needs=PERMISSION)
    async def parked(
        self,
        info: Info,
        view: Annotated[str | None, argument("Only those of this view; of all by default.")] = None,
    ) -> list[ParkedStream]:
        if view is not None:
            known(await info.context.services.progress.statuses(), [view])
        return [ParkedStream.of(one) for one in await info.context.port(Operations).parked.list(view)]


@strawberry.type
class Mutation:
    retry_parked = wishes(
        RetryParked, ParkedReceipt, permission=PERMISSION, answer="ParkedAnswer", shown=_marked
    )
    discard_parked = wishes(
        DiscardParked, ParkedReceipt, permission=PERMISSION, answer="ParkedAnswer", shown=_marked
    )
