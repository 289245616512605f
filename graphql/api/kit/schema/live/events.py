"""Of the events that touch what is watched, those that the caller may be told of, and what they say to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.kit.schema.context import RequestContext
from api.kit.schema.live.present import folded
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R

Touched = tuple[Envelope, Event, Key]
"""An event, and the key of a row that it touches."""

UNSAID = object()
_NOWHERE = UUID(int=0)
"""An id that nothing has."""


async def about_seen(
    ask: RequestContext, about: PostgresView[Any], touched: Sequence[Touched]
) -> list[Touched]:
    """The events of things that the caller sees in a view, and those that took one out of their sight."""
    if not touched:
        return []
    await folded(ask, about, touched[-1][0].position)
    seen = await visible_rows(ask, about, {(envelope.originator_id,) for envelope, _, _ in touched})
    column = ask.sight.columns.get(type(about), "")
    before = {
        envelope.position: getattr(event, "previous", UNSAID)
        for envelope, event, _ in touched
        if hasattr(event, column) and (envelope.originator_id,) not in seen
    }
    places = {place for place in before.values() if isinstance(place, UUID)}
    open_to_them = await ask.seeing.among(places)
    left = {position for position, place in before.items() if place is None or place in open_to_them}
    return [it for it in touched if (it[0].originator_id,) in seen or it[0].position in left]


async def permitted(ask: RequestContext, touched: Sequence[Touched]) -> list[Touched]:
    """The events but those from times at which a thing was about what the caller may not see."""
    moments = {(envelope.originator_id, envelope.position) for envelope, _, _ in touched}
    # Those by which it came there or left say what a list gains or loses.
    untold = await ask.seeing.untold(moments, moves=False)
    return [it for it in touched if (it[0].originator_id, it[0].position) not in untold]


async def veiled(
    ask: RequestContext, view: PostgresView[Any], touched: Sequence[Touched]
) -> dict[int, Event]:
    """The events by their positions, and in place of the ids of what the caller may not see one that nothing has:
    who names one in a filter hears no more than who names nothing that there is."""
    column = ask.sight.columns.get(type(view), "")
    named = {
        (envelope.position, name): id
        for envelope, event, _ in touched
        if ask.sight.narrows(type(view)) and column not in view.key and hasattr(event, column)
        for name in (column, "previous")
        for id in (getattr(event, name, None),)
        if isinstance(id, UUID)
    }
    seen = await ask.seeing.among({*named.values()})
    events = {envelope.position: event for envelope, event, _ in touched}
    for (position, name), id in named.items():
        if id not in seen:
            events[position] = replace(events[position], **{name: _NOWHERE})
    return events


async def visible_rows(ask: RequestContext, view: PostgresView[R], keys: set[Key]) -> dict[Key, R]:
    kind: Any = type(view)
    where = ask.sight.conditions(kind)
    found: dict[Key, R] = await ask.services.rows.get(kind, ask.caller.tenant_id, keys, where=where)
    return found
