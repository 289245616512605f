"""What an export of a person shows of the gateway: the events that name them."""

from collections.abc import AsyncIterator

from projections.gateway.events import OutsideEvents
from projections.gateway.user_events import OutsideUserEvents
from projections.kit.context.every import every
from projections.kit.context.exports import ExportPart, Record, exported, record
from projections.kit.context.subject import About
from projections.kit.read.conditions import equals

_AT_ONCE = 200
_SHOWN = exported(OutsideEvents)


async def _events(about: About) -> AsyncIterator[Record]:
    """They are found by what is kept of users for longer, so that events need no index by the person."""
    here, seen = about.here, about.sight.conditions(OutsideEvents)
    rows, tenant_id = here.store.rows, here.tenant_id
    for subject in sorted(here.subjects):
        where = [*equals("subject_id", subject), *about.sight.conditions(OutsideUserEvents)]
        ids = [row.id async for row in every(rows, OutsideUserEvents, tenant_id, where)]
        for start in range(0, len(ids), _AT_ONCE):
            keys = [(id,) for id in ids[start : start + _AT_ONCE]]
            found = await rows.get(OutsideEvents, tenant_id, keys, where=seen)
            for row in found.values():
                yield record(row, _SHOWN, (), about.person)


EVENTS = ExportPart(section="activity_data", name="events", holds=(OutsideEvents.name,), read=_events)
