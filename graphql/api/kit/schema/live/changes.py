"""Live changes: any Postgres view can be watched, from now on or from where a client left off."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import zip_longest
from typing import Any
from uuid import UUID

from api.kit.execution.errors import ClientError
from api.kit.schema.commands import camel
from api.kit.schema.context import RequestContext
from api.kit.schema.live.events import UNSAID, Touched, about_seen, permitted, veiled, visible_rows
from api.kit.schema.live.interest import EVERYTHING_THERE_IS, Interest
from api.kit.schema.live.messages import Change, ChangeKind, Discontinuity, Gap, State
from api.kit.schema.live.present import Begin, Read, folded, present
from api.kit.schema.scalars import Position
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import Fold


async def require_seen(
    ask: RequestContext, views: Mapping[str, type[PostgresView[Any]]], ids: Mapping[str, UUID]
) -> None:
    """Raise a client's error for an id, by column, of what there is not in the view of that column, or not for the
    caller."""
    for column, view in views.items():
        await folded(ask, view, await ask.services.log.head())
        ask.services.pin()
        if not await visible_rows(ask, view(), {(ids[column],)}):
            what = column.removesuffix("_id").replace("_", " ")
            raise ClientError(f"There is no such {what}.", code="NOT_FOUND", argument=camel(column))


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
            again=after,
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
            again=after,
            reason=f"More than {longest} events lie between and are left out: read the current state again.",
        )
        after = head
    async with aclosing(feed.pages_of(*caller, after=after)) as pages:
        async for page in pages:
            # A subscription may outlive the generations that it began with.
            ask.services.pin()
            yield page


_SEEN = object()


async def watch(
    ask: RequestContext,
    view: PostgresView[R],
    *,
    resume_from: Position | None,
    initial: bool = False,
    interest: Interest = EVERYTHING_THERE_IS,
    latest_only: bool = False,
    about: PostgresView[Any] | None = None,
    read: Read | None = None,
    begin: Begin = present,
) -> AsyncGenerator[Change[R] | State[R] | Discontinuity, None]:
    """A message for every event that touches a row of the view, with the row as it stands by then.

    ``interest`` picks among them; a row that no longer meets it is told as removed. ``latest_only`` sends one
    message per row and page rather than per event, for views whose rows change often and whose past nobody needs,
    such as counts. With ``about``, only events of things count that the caller sees in that view; ``read`` then
    finds the rows in place of the view.

    ``initial`` begins with the rows that are there, and sends them again after a discontinuity: all of them as of
    one position, from which the changes continue. ``begin`` sends something else in place of them.

    Who may not see all hears of a row that leaves their sight once more, as removed and without the row, and reads
    again when what they may see has changed.
    """
    at, from_state = resume_from, initial and resume_from is None
    while True:
        if from_state:
            async for part in begin(ask, view, interest, read):
                at = part.cursor
                yield part
        broken = False
        following = _following(ask, view, at, interest, latest_only=latest_only, about=about, read=read)
        async with aclosing(following) as messages:
            async for message in messages:
                if initial and isinstance(message, Discontinuity):
                    broken = True
                    # Who is cut off before the state is complete is sent it then.
                    yield replace(message, cursor=Position(message.again))
                    break
                yield message
        if not broken:
            return
        from_state = True


async def _following(
    ask: RequestContext,
    view: PostgresView[R],
    resume_from: Position | None,
    interest: Interest,
    *,
    latest_only: bool,
    about: PostgresView[Any] | None,
    read: Read | None,
) -> AsyncGenerator[Change[R] | Discontinuity, None]:
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
                touched = await about_seen(ask, about, touched)
            if about is not None or ask.sight.narrows(type(view)):
                touched = await permitted(ask, touched)
            rows, gone = await _rows(ask, view, touched, read)
            as_seen = await veiled(ask, view, touched)
            sent = [
                (envelope, key)
                for envelope, event, key in touched
                if interest.concerns(
                    rows.get(key), as_seen[envelope.position], key, view.folds[envelope.type]
                )
                and (key in rows or not ask.sight.narrows(type(view)) or (envelope.position, key) in gone)
            ]
            if latest_only:
                # Not before each was asked about: an earlier one may be what took the row out of the filter.
                last = {key: (envelope, key) for envelope, key in sent}
                sent = sorted(last.values(), key=lambda each: each[0].position)
            for (envelope, key), following in zip_longest(sent, sent[1:]):
                # Who is cut off between two messages of one event gets both again.
                more = following is not None and following[0] is envelope
                there = key in rows and interest.meets(rows[key])
                arrival = (
                    ChangeKind.CREATED if _makes(view.folds[envelope.type], envelope) else ChangeKind.UPDATED
                )
                yield Change(
                    cursor=Position(envelope.position - more),
                    kind=arrival if there else ChangeKind.REMOVED,
                    change=envelope.type,
                    at=envelope.timestamp,
                    by=envelope.user_id,
                    node_id=key[interest.named_by],
                    node=rows.get(key),
                )
            changed = _sight_changed(ask, page) if about or ask.sight.narrows(type(view)) else None
            if changed is not None:
                yield Discontinuity(
                    cursor=Position(page[-1].position),
                    code=Gap.SIGHT_CHANGED,
                    again=changed - 1,
                    reason="What you may see has changed: read it again.",
                )


async def _rows(
    ask: RequestContext,
    view: PostgresView[R],
    touched: Sequence[Touched],
    read: Read | None,
) -> tuple[dict[Key, R], dict[tuple[int, Key], R | None]]:
    """The touched rows that the caller sees, once the view has folded the events that touched them; and, by event,
    those that it took out of the caller's sight, None where there is no row any more."""
    if not touched:
        return {}, {}
    keys = {key for _, _, key in touched}
    if read is not None:
        return await read(keys), {}
    await folded(ask, view, touched[-1][0].position)
    rows: dict[Key, R] = await visible_rows(ask, view, keys)
    if not ask.sight.narrows(type(view)) or not (hidden := keys - rows.keys()):
        return rows, {}
    kind: Any = type(view)
    found: dict[Key, R] = await ask.services.rows.get(kind, ask.caller.tenant_id, hidden)
    column = ask.sight.columns[type(view)]
    place = view.key.index(column) if column in view.key else None
    left = [
        (envelope.position, key, before)
        for envelope, event, key in touched
        if key in hidden
        for before in (
            # A row that is gone was about what its key says.
            key[place]
            if place is not None and key not in found
            else _about_what(ask, column, envelope, event, there=key in found),
        )
        if before is not UNSAID
    ]
    seen = await ask.seeing.among({before for _, _, before in left if isinstance(before, UUID)})
    return rows, {
        (position, key): found.get(key)
        for position, key, before in left
        if before is None or before is _SEEN or before in seen
    }


def _about_what(ask: RequestContext, column: str, envelope: Envelope, event: Event, *, there: bool) -> object:
    """What a row that is out of the caller's sight was about before an event: an id, or None for nothing.

    `_SEEN` when the event alone shows that the caller saw it, `UNSAID` when it does not take it out of sight.
    """
    if hasattr(event, column):
        # An event that changes the column says what it held before, one that ends a row what it holds; a status is
        # no id.
        before = getattr(event, "previous", UNSAID if there else getattr(event, column))
        return before if before is None or isinstance(before, UUID) else UNSAID
    # An event that hides something from everybody, or from the caller: they saw it before.
    return _SEEN if there and _of_mine(ask, envelope, event) else UNSAID


def _sight_changed(ask: RequestContext, page: Sequence[Envelope]) -> int | None:
    """The position of the first event of the page after which the caller may see more or less."""
    return next((envelope.position for envelope in page if _of_mine(ask, envelope, None)), None)


def _of_mine(ask: RequestContext, envelope: Envelope, event: Event | None) -> bool:
    """Whether after an event the caller may see more or less."""
    if not ask.seeing.changed_by(envelope.type):
        return False
    me = ask.caller.user_id
    return bool(getattr(event or ask.services.codec.decode(envelope), "user_id", me) == me)


def _makes(fold: Fold, envelope: Envelope) -> bool:
    """Whether an event is the first of its row; one that may also come again, as a consent, is when its stream
    begins with it."""
    return fold.first or (fold.by_stream and envelope.originator_version == 1)
