"""Asking how things were: the arguments for a moment of the past, and what a field does with them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.errors import bad_argument
from api.kit.schema.context import Info
from api.kit.schema.scalars import Position


@strawberry.input(one_of=True, description="A moment in the past: a log position or a time.")
class AsOf:
    """Exactly one of both."""

    position: Position | None = strawberry.field(
        default=strawberry.UNSET, description="After the event at this position and before the next one."
    )
    time: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="After the last event of the tenant, in the log's order, whose timestamp is this or earlier.",
    )


AS_OF_ARGUMENT: dict[str, Any] = {
    "as_of": Annotated[
        AsOf | None,
        strawberry.argument(
            description="Read the state as of this moment in the past, nested objects and counts included. It is "
            "computed from the event log, which costs far more than reading the current state."
        ),
    ]
}
"""The argument of a list that can be asked about the past."""

PAST_ARGUMENTS: dict[str, Any] = {
    **AS_OF_ARGUMENT,
    "version": Annotated[
        int | None,
        strawberry.argument(
            description="Read the state as of this version of the object, counted from 1; instead of `asOf`."
        ),
    ],
}
"""The arguments of a single thing that can be asked about the past."""


async def moment(
    info: Info, as_of: AsOf | None, *, stream: UUID | None = None, version: int | None = None
) -> int | None:
    """The position to read as of, None for what is now: for this root field and all that is below it."""
    ask = info.context
    if as_of is not None and version is not None:
        raise bad_argument("Give asOf or version, not both.", "version")
    if as_of is not None:
        at = await ask.past.position(_given(as_of))
    elif version is not None:
        assert stream is not None, "only a single thing has versions"
        if version < 1:
            raise bad_argument("A version is 1 or more.", "version", minimum=1)
        at = await ask.past.position_of(stream, version)
    else:
        return None
    ask.look_back(info, at)
    return at


def _given(as_of: AsOf) -> int | datetime:
    # The rules for documents see literals; what variables hold is seen here.
    given = [
        moment
        for moment in (as_of.position, as_of.time)
        if moment is not None and moment is not strawberry.UNSET
    ]
    if len(given) != 1:
        raise bad_argument("AsOf takes exactly one of position and time.", "asOf")
    return given[0]
