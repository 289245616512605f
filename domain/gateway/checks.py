"""The place where events are checked against what is registered for their types, such as schemas."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from domain.gateway.envelope import IncomingEvent
from domain.gateway.outcomes import EventViolation
from domain.gateway.schemas.searchable import Searchable


class EventChecks(Protocol):
    """Checks events by what is registered for their types, such as schemas."""

    async def ready(self, tenant_id: UUID, types: Collection[str]) -> None:
        """Have at hand what `check` needs for events of these types."""
        ...

    def known_as(self, tenant_id: UUID, name: str) -> str:
        """The type that has this name, or this other name; the name itself, where none has."""
        ...

    def newest(self, tenant_id: UUID, type: str) -> int | None:
        """The newest version of what is registered for a type; None where nothing is."""
        ...

    def check(self, tenant_id: UUID, event: IncomingEvent) -> list[EventViolation]:
        """What is wrong with an event, in order; nothing, where nothing is registered. Call it after `ready`."""
        ...

    def searchable(self, tenant_id: UUID, event: IncomingEvent) -> Searchable | None:
        """What of an event that `check` finds nothing wrong with may be kept in plain, by what it was checked by;
        None where that says so of nothing."""
        ...

    def declared(self, tenant_id: UUID, event: IncomingEvent) -> tuple[int, int]:
        """How many of the members that the tenant's own schema of its type declares are in an event's payload and
        metadata, and how many it declares. Call it as `searchable`."""
        ...
