"""The present state, with which a subscription may begin."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias

from api.kit.schema.context import RequestContext
from api.kit.schema.live.interest import Interest
from api.kit.schema.live.messages import MOST_BYTES, MOST_ROWS, PART, Discontinuity, Gap, State
from api.kit.schema.scalars import Position
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R

# Rows of any type, hence Any.
Read: TypeAlias = Callable[[set[Key]], Awaitable[dict[Key, Any]]]

# Of a view and rows of any type, hence Any.
Begin: TypeAlias = Callable[
    [RequestContext, PostgresView[Any], Interest, Read | None],
    AsyncGenerator[State[Any] | Discontinuity, None],
]

_PAUSE = 0.5
"""Seconds between two looks at a view that stands still."""


async def present(
    ask: RequestContext, view: PostgresView[R], interest: Interest, read: Read | None
) -> AsyncGenerator[State[R] | Discontinuity, None]:
    """The rows of interest that the caller sees, as of one position, which the last message has as its cursor.

    With ``read``, which finds the rows in place of the view, and where another view is read beside it, they may be
    newer than that: what happened in between is told again.
    """
    kind: Any = type(view)
    head = await ask.services.log.head()
    for each in (kind, *interest.beside):
        await folded(ask, each, head)
    ask.services.pin()
    position, rows = await ask.services.rows.standing(
        kind,
        ask.caller.tenant_id,
        [*ask.sight.conditions(kind), *interest.where],
        beside=interest.beside,
        limit=MOST_ROWS,
        most_bytes=MOST_BYTES,
    )
    cursor = Position(position)
    if rows is None:
        yield Discontinuity(
            cursor=cursor,
            code=Gap.TOO_MUCH,
            reason=f"There are more than {MOST_ROWS} objects or {MOST_BYTES} bytes: read them by pages.",
            again=position,
        )
        return
    if read is not None:
        rows = list((await read({tuple(getattr(row, name) for name in view.key) for row in rows})).values())
    for start in range(0, max(len(rows), 1), PART):
        complete = start + PART >= len(rows)
        # Who is cut off in between begins at the start: there all is told, or it is too far back.
        yield State(
            cursor=cursor if complete else Position(0), nodes=rows[start : start + PART], complete=complete
        )


async def folded(
    ask: RequestContext, view: PostgresView[Any] | type[PostgresView[Any]], position: int
) -> None:
    """Wait until the view has folded the position: a late message is better than a wrong one."""
    while not await ask.services.progress.wait_for(view.name, position, 5.0):  # noqa: ASYNC110
        # Nobody waits for a view that is paused, so it would be asked for without a pause.
        await asyncio.sleep(_PAUSE)
