"""What the schemas of events say to be searchable, an entry each, by which events are found."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.events import OutsideEvent
from domain.gateway.schemas.searchable import LONGEST_KEY, LONGEST_VALUE, as_text
from domain.kit.fields import Authored, Describe, Len
from projections.kit.declare.folds import Key, on
from projections.kit.model import ByTime, Index, PostgresView, Row, Span


class EventEntryRow(Row):
    """A value of an event from outside that may be searched."""

    event_id: Annotated[UUID, Describe("The event, by its id here.")]
    key: Annotated[
        str,
        Len(max_length=LONGEST_KEY),
        Authored(),
        Describe("Where it stands: `campaign` in metadata, `payload.amount` in payload."),
    ]
    value: Annotated[str, Len(max_length=LONGEST_VALUE), Authored(), Describe("The value, as text.")]
    received_at: Annotated[datetime, Describe("When the event was received.")]


class EventMetadata(
    PostgresView[EventEntryRow], name="gateway.event_metadata", version=1, key=("event_id", "key")
):
    """What is searchable of every event from outside that was accepted in the last 90 days."""

    vast = True
    partitions = ByTime("received_at", every=Span.DAY, days=90)
    indexes = (Index("idx_event_metadata_value", ("key", "value", "received_at", "event_id")),)

    @on(
        OutsideEvent.Accepted,
        by=lambda event, _: [(event.originator_id, key) for key in event.searchable or ()],
        first=True,
    )
    def accepted(self, row: None, event: OutsideEvent.Accepted, key: Key) -> EventEntryRow:
        assert event.searchable is not None, "an event with no entries has no row"
        _, name = key
        return EventEntryRow(
            event_id=event.originator_id,
            key=name,
            value=as_text(event.searchable[name]),
            received_at=event.timestamp,
        )


FOUND = (
    "(tenant_id, id, received_at) in (select m.tenant_id, m.event_id, m.received_at"
    " from gateway.event_metadata m where m.key = {} and m.value = {})"
)
"""Of events: which have a value under a key."""
FOUND_AMONG = (
    "exists (select from (select tenant_id as t, event_id as e, received_at as r, key as k, value as v"
    " from gateway.event_metadata) m where m.t = tenant_id and m.e = id and m.r = received_at"
    " and m.k = {} and m.v = {} offset 0)"
)
"""The same where other events are asked for as well: looked up for each of them, in its own day, as more may have
the value, on all days, than memory holds. The names are others than those of an event."""
