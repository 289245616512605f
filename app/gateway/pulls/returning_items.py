"""Items that may be again as they once were: each change of one is an event, whatever it changes to."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

from app.gateway.pulls.http_pages import Json
from app.gateway.pulls.pulled_items import PulledItems
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.tools import TERMS
from domain.gateway.events import OutsideEvent, stream_of
from domain.kit.log import Envelope, Log

AFTER = "after"
"""What is stored beside such an event says the one whose place it takes."""


class ReturningItems:
    """Looks up in the log what items were last. An event's id follows from the content and from the event before:
    so the newest is known as it is, after a kill too, and what was before it is not."""

    def __init__(self, items: PulledItems, log: Log) -> None:
        self._items, self._log = items, log

    async def events(
        self, tenant_id: UUID, connector: Connector, items: Sequence[Json]
    ) -> list[tuple[Json, str | None]]:
        """The event of each item, with what it comes after."""
        if connector.tool is None or not TERMS[connector.tool].returning:
            return [(self._items.event(connector, item, connector.id), None) for item in items]
        keys = [self._items.key(connector, item) for item in items]
        named = [key for key in keys if key is not None]
        newest = await self._log.newest(tenant_id, OutsideEvent.Accepted.stored_as, named)
        # Others have their turn.
        return await asyncio.to_thread(
            lambda: [
                self._event(connector, item, newest.get(key or ""))
                for key, item in zip(keys, items, strict=True)
            ]
        )

    def _event(self, connector: Connector, item: Json, newest: Envelope | None) -> tuple[Json, str | None]:
        after = None if newest is None else json.loads(newest.metadata).get(AFTER)
        event = self._items.event(connector, item, connector.id, after=after)
        if newest is None or newest.originator_id == _stream(connector, event):
            return event, after
        after = str(newest.originator_id)
        return self._items.event(connector, item, connector.id, after=after), after


def _stream(connector: Connector, event: Json) -> UUID:
    return stream_of(connector.source_id, UUID(event["eventId"]))
