"""Parked streams for operators: what could not be folded into a view, and what is to become of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.schema.commands import Receipt
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field
from api.kit.schema.scalars import Position
from api.operations.operator_commands import operator_request
from api.operations.views import known
from domain.operations.repairs import DiscardParked, RetryParked
from projections.kit.follow.parked_streams import Parked
from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests

PERMISSION = "ops:repair"


@covered
@strawberry.type(
    description="A stream whose events cannot be folded into a view at present and wait in order."
)
class ParkedStream:
    """A parked stream."""

    view: str = strawberry.field(description="The view's name.")
    generation: int = strawberry.field(description="The view's generation.")
    stream: UUID = strawberry.field(description="The id of the aggregate whose events wait.")
    tenant_id: UUID = strawberry.field(description="The tenant's id.")
    topic: str = strawberry.field(description="The aggregate's topic, such as `work.task`.")
    position: Position = strawberry.field(description="The first event that is not folded.")
    event_id: UUID = strawberry.field(description="That event's id.")
    event_type: str = strawberry.field(description="The event's type, such as `work.task.completed`.")
    error: str = strawberry.field(description="The error that prevented folding.")
    attempts: int = strawberry.field(description="The number of attempts.")
    parked_at: datetime = strawberry.field(description="When it was parked.")
    waiting: int = strawberry.field(description="The number of events that wait.")
    asked: str | None = strawberry.field(description="`retry` or `discard` while such a request is pending.")

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
@strawberry.type(description="The receipt of an operation on parked streams; workers carry it out shortly.")
class ParkedReceipt(Receipt):
    """Says how many streams it is about."""

    streams: int = strawberry.field(description="The number of parked streams that were marked.")


def _marked(operation: Operation, done: OperationDone) -> dict[str, Any]:
    return {"streams": done.streams}


@strawberry.type
class Query:
    @field("The streams that are parked, for operators.", needs=PERMISSION)
    async def parked(
        self,
        info: Info,
        view: Annotated[str | None, argument("Only those of this view; by default of all.")] = None,
    ) -> list[ParkedStream]:
        if view is not None:
            known(await info.context.services.progress.statuses(), [view])
        return [ParkedStream.of(one) for one in await info.context.port(OperatorRequests).parked.list(view)]


@strawberry.type
class Mutation:
    retry_parked = operator_request(RetryParked, ParkedReceipt, needs=PERMISSION, shown=_marked)
    discard_parked = operator_request(DiscardParked, ParkedReceipt, needs=PERMISSION, shown=_marked)
