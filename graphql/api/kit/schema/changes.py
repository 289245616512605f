"""Live changes: any Postgres view can be watched, from now on or from where a client left off."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from enum import Enum
from itertools import zip_longest
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.schema.context import RequestContext
from api.kit.schema.scalars import Position
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R

T = TypeVar("T")

ResumeFrom = Annotated[
    Position | None,
    strawberry.argument(
        description="The cursor of the last message received, or the `position` in the `extensions` of a query's "
        "answer; the subscription continues right after it. A cursor too far back, or ahead of the log, is "
        "answered with a discontinuity."
    ),
]


@covered
@strawberry.type(description="A change of an object.")
class Change(Generic[T]):
    """One message of a live subscription."""

    cursor: Position = strawberry.field(description="The message's cursor, for `resumeFrom`.")
    change: str = strawberry.field(description="The event's type, such as `work.task.completed`.")
    at: datetime = strawberry.field(description="When it happened.")
    by: UUID | None = strawberry.field(description="Who did it; null when the system did.")
    node: T | None = strawberry.field(description="The changed object in its current state.")


@strawberry.enum(description="Why messages may be missing.")
class Gap(Enum):
    """Codes of a `Discontinuity`."""

    TOO_FAR_BACK = strawberry.enum_value(
        "too_far_back", description="The cursor is further back than a subscription can resume."
    )
    POSITION_IN_FUTURE = strawberry.enum_value(
        "position_in_future",
        description="The cursor is of another log, or of one that was restored from a backup since: "
        "this one has not reached it.",
    )
    SIGHT_CHANGED = strawberry.enum_value(
        "sight_changed", description="Your access has changed, so other objects are visible now."
    )


@covered
@strawberry.type(description="Messages may be missing before this one: read the current state again.")
class Discontinuity:
    """Sent instead of messages that can no longer be delivered."""

    cursor: Position = strawberry.field(description="The cursor from which messages continue.")
    code: Gap = strawberry.field(description="The machine-readable reason.")
    reason: str = strawberry.field(description="The reason in words.")


async def envelopes(
    ask: RequestContext, resume_from: Position | None
) -> AsyncGenerator[Sequence[Envelope] | Discontinuity, None]:
    """The tenant's events by pages, without end: from now on, or from after a cursor."""
    head = await ask.services.log.head()
    after = head if resume_from is None else int(resume_from)
    if after > head:
        yield Discontinuity(
            cursor=Position(head),
            code=Gap.POSITION_IN_FUTURE,
            reason=f"Position {after} does not exist yet; the log ends at {head}: read the current state again.",
        )
        after = head
    caller, feed, longest = (
        (ask.caller.tenant_id, ask.caller.user_id),
        ask.services.feed,
        ask.services.longest_resume,
    )
    if after < head and await feed.far(*caller, after=after, most=longest):
        yield Discontinuity(
            cursor=Position(head),
            code=Gap.TOO_FAR_BACK,
            reason=f"More than {longest} events lie between and are left out: read the current state again.",
        )
        after = head
    async with aclosing(feed.pages_of(*caller, after=after)) as pages:
        async for page in pages:
            # A subscription may outlive the generations that it began with.
            ask.services.pin()
            yield page


def messages(shown: type, description: str) -> Any:
    """The GraphQL union of what a subscription to things of a type sends."""
    kind: Any = Change[shown]  # type: ignore[valid-type]
    return Annotated[
        kind | Discontinuity, strawberry.union(f"{shown.__name__}Message", description=description)
    ]


_UNSAID = object()

Touched = tuple[Envelope, Event, Key]
"""An event, and the key of a row that it touches."""


async def watch(
    ask: RequestContext,
    view: PostgresView[R],
    *,
    resume_from: Position | None,
    wanted: Callable[[R | None, Event, Key], bool] = lambda row, event, key: True,
    latest_only: bool = False,
    about: PostgresView[Any] | None = None,
    read: Callable[[set[Key]], Awaitable[dict[Key, R]]] | None = None,
) -> AsyncGenerator[Change[R] | Discontinuity, None]:
    """A message for every event that touches a row of the view, with the row as it stands by then.

    ``wanted`` picks among them. ``latest_only`` sends one message per row and page rather than per event,
    for views whose rows change often and whose past nobody needs, such as counts. With ``about``, only events
    of things count that the caller sees in that view; ``read`` then finds the rows in place of the view.

    Who may not see all hears of a row that leaves their sight once more, without the row, and reads again
    when what they may see has changed.
    """
    async with aclosing(envelopes(ask, resume_from)) as pages:
        async for page in pages:
            if isinstance(page, Discontinuity):
                yield page
                continue
            touched = [
                (envelope, event, key)
                for envelope in page
                if envelope.type in view.folds
                for event in (ask.services.codec.decode(envelope),)
                for key in view.touched(event, envelope)
            ]
            if about is not None:
                touched = await _about(ask, about, touched)
            if latest_only:
                touched = list({key: (envelope, event, key) for envelope, event, key in touched}.values())
                touched.sort(key=lambda envelope: envelope[0].position)
            rows, gone = await _rows(ask, view, touched, read)
            sent = [
                (envelope, key)
                for envelope, event, key in touched
                if wanted(rows.get(key) or gone.get((envelope.position, key)), event, key)
                and (key in rows or not ask.sight.narrows(type(view)) or (envelope.position, key) in gone)
            ]
            for (envelope, key), following in zip_longest(sent, sent[1:]):
                # Who is cut off between two messages of one event gets both again.
                more = following is not None and following[0] is envelope
                yield Change(
                    cursor=Position(envelope.position - more),
                    change=envelope.type,
                    at=envelope.timestamp,
                    by=envelope.user_id,
                    node=rows.get(key),
                )
            if (about or ask.sight.narrows(type(view))) and _changes_sight(ask, page):
                yield Discontinuity(
                    cursor=Position(page[-1].position),
                    code=Gap.SIGHT_CHANGED,
                    reason="What you may see has changed: read it again.",
                )


async def _about(ask: RequestContext, about: PostgresView[Any], touched: Sequence[Touched]) -> list[Touched]:
    """The events of things that the caller sees in a view."""
    if not touched:
        return []
    await _folded(ask, about, touched)
    seen = await _seen(ask, about, {(envelope.originator_id,) for envelope, _, _ in touched})
    return [envelope for envelope in touched if (envelope[0].originator_id,) in seen]


async def _rows(
    ask: RequestContext,
    view: PostgresView[R],
    touched: Sequence[Touched],
    read: Callable[[set[Key]], Awaitable[dict[Key, R]]] | None,
) -> tuple[dict[Key, R], dict[tuple[int, Key], R]]:
    """The touched rows that the caller sees, once the view has folded the events that touched them; and, by event,
    those that it took out of the caller's sight."""
    if not touched:
        return {}, {}
    keys = {key for _, _, key in touched}
    if read is not None:
        return await read(keys), {}
    await _folded(ask, view, touched)
    rows: dict[Key, R] = await _seen(ask, view, keys)
    if not ask.sight.narrows(type(view)) or not (hidden := keys - rows.keys()):
        return rows, {}
    column = ask.sight.columns[type(view)]
    left = [
        (envelope.position, key, previous)
        for envelope, event, key in touched
        # An event that changes the column says what it held before; a status is no id.
        if key in hidden and hasattr(event, column)
        for previous in (getattr(event, "previous", _UNSAID),)
        if previous is None or isinstance(previous, UUID)
    ]
    seen = await ask.seeing.among({previous for _, _, previous in left if previous is not None})
    kind: Any = type(view)
    found: dict[Key, R] = await ask.services.rows.get(kind, ask.caller.tenant_id, {key for _, key, _ in left})
    return rows, {
        (position, key): found[key]
        for position, key, previous in left
        if key in found and (previous is None or previous in seen)
    }


async def _seen(ask: RequestContext, view: PostgresView[R], keys: set[Key]) -> dict[Key, R]:
    kind: Any = type(view)
    where = ask.sight.conditions(kind)
    found: dict[Key, R] = await ask.services.rows.get(kind, ask.caller.tenant_id, keys, where=where)
    return found


async def _folded(ask: RequestContext, view: PostgresView[Any], touched: Sequence[Touched]) -> None:
    """Wait until the view has folded the events."""
    # While the view is behind or its lane stands still, a late message is better than a wrong one.
    while not await ask.services.progress.wait_for(view.name, touched[-1][0].position, 5.0):
        pass


def _changes_sight(ask: RequestContext, page: Sequence[Envelope]) -> bool:
    """Whether an event of the page may have changed what the caller sees."""
    me = ask.caller.user_id
    decode = ask.services.codec.decode
    return any(
        getattr(decode(envelope), "user_id", me) == me
        for envelope in page
        if ask.seeing.changed_by(envelope.type)
    )
