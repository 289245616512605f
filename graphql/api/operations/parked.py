"""Parked streams for operators: what could not be folded into a view, and what is to become of it."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
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
    RequestContext,
    argument,
    covered,
    field,
    forward,
    shows,
)
from api.kit.schema.lists.held import held_filter
from api.operations.live_lists import Happening, OperatorList
from api.operations.operator_commands import operator_request, require_known
from domain.operations.repairs import DiscardParked, RetryParked
from projections.kit.follow.parked_streams import Parked, ParkedPlace, ParkedStreamRequest, place
from projections.kit.read.conditions import bound, filtered
from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests

PERMISSION = "ops:repair"
MOST = 1_000
"""How many parked streams are watched."""


@shows(Parked, needs=COVERED, leave_out=("asked_at", "reason"))
class ParkedStream:
    """A stream whose events cannot be folded into a view at present and wait in order."""

    asked: ParkedStreamRequest | None
    position: Position


@covered
@strawberry.type(description="The receipt of an operation on parked streams; workers carry it out shortly.")
class ParkedReceipt(Receipt):
    """Says how many streams it is about."""

    streams: int = strawberry.field(description="The number of parked streams that were marked.")


def _marked(operation: Operation, done: OperationDone) -> dict[str, Any]:
    return {"streams": done.streams}


ParkedStreamFilter = held_filter(ParkedStream, Parked, plural="parked streams")


@strawberry.type
class Query:
    @field("The streams that are parked, for operators.", ForwardConnection[ParkedStream], needs=PERMISSION)
    async def parked(
        self,
        info: Info,
        view: Annotated[str | None, argument("Only those of this view; by default of all.")] = None,
        filter: Annotated[
            ParkedStreamFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[Parked]:
        parked = info.context.port(OperatorRequests).parked
        require_known("view", () if view is None else [view], await parked.views())

        met = partial(bound, [filtered(None, ParkedStreamFilter.tree(filter))])

        async def read(limit: int, after: ParkedPlace | None) -> list[Parked]:
            return await parked.list(view, met=met, limit=limit, after=after)

        return await forward(info.context, "parked", first, after, read, place=place, of=ParkedPlace)


@strawberry.type
class Mutation:
    retry_parked = operator_request(RetryParked, ParkedReceipt, needs=PERMISSION, shown=_marked)
    discard_parked = operator_request(DiscardParked, ParkedReceipt, needs=PERMISSION, shown=_marked)


def _read(ask: RequestContext) -> Callable[[], Awaitable[Sequence[Parked]]]:
    return partial(ask.port(OperatorRequests).parked.list, None, limit=MOST)


_live = OperatorList(
    name="parked",
    shown=ParkedStream,
    needs=PERMISSION,
    read=_read,
    named=lambda row: f"{row.view}:{row.generation}:{row.stream}",
    names="The view's name and generation and the stream, as `tasks.tasks:1:3f0c…`",
    made=Happening("PARKED", "The stream was parked."),
    happens=(
        Happening(
            "REQUESTED",
            "Somebody asked for it to be folded again, or discarded.",
            lambda before, now: now.asked is not None and now.asked_at != before.asked_at,
        ),
        Happening("RETRIED", "It was tried again.", lambda before, now: now.attempts != before.attempts),
        Happening("GREW", "More of its events wait.", lambda before, now: now.waiting > before.waiting),
    ),
    gone=Happening("RELEASED", f"It is not parked any more, or none of the first {MOST}."),
)


@strawberry.type
class Subscription:
    parked_changed = _live.subscription(
        f"Every change of parked streams that is noticed once a second, of the first {MOST}, for operators."
    )
