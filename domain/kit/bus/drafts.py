"""What a command decided, before it becomes an append."""

from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.events import Event
from domain.kit.log import Guard, Reference, Reservation
from domain.kit.privacy.personal import personal_fields


class Draft:
    """What a command decided. It is drawn up at once: aggregates that were only read are shared with other
    commands, and may have changed by the time that keys are fetched."""

    __slots__ = ("events", "guards", "personal", "references", "releases", "reserves")

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        """Each with its topic."""
        self.personal: list[UUID] = []
        """The aggregates with new events that have personal fields."""
        self.guards: list[Guard] = []
        self.references: list[Reference] = []
        self.reserves: list[Reservation] = []
        self.releases: list[Reservation] = []


def drawn(touched: tuple[Aggregate, ...]) -> Draft:
    """Take new events and claims from the aggregates, whose lists of them are empty afterwards."""
    draft = Draft()
    for aggregate in touched:
        if not aggregate.pending_events:
            draft.guards.append(Guard(aggregate.id, aggregate.version))
        claims = aggregate.collect_claims()
        draft.references += claims.references
        draft.reserves += claims.reserves
        draft.releases += claims.releases
        for event in aggregate.decided():
            draft.events.append((aggregate.topic, event))
            if personal_fields(type(event)) and aggregate.id not in draft.personal:
                draft.personal.append(aggregate.id)
    return draft
