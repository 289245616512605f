"""Stories: commands carried out one after another in memory, and the events they leave, as the log holds them."""

import copy
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.bus.decisions import decide
from domain.kit.caller import Caller
from domain.kit.clock import at
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.refusals import Refusal
from domain.kit.wiring.needs import id_of

BEGINNING = datetime.fromisoformat("2030-01-01T22:00:00+00:00")


class Story:
    """What happened in a few tenants."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, Envelope]] = []
        """Decoded from what was encoded, each in its envelope, in order of position."""
        self.streams: dict[UUID, dict[UUID, Aggregate]] = {}
        """The aggregates as they stand, by tenant and id."""
        self._codec = PlainCodec()
        self._now = BEGINNING

    def send(self, command: Command, *, by: Caller, after: timedelta = timedelta(0)) -> bool:
        """Carry a command out, some time after the last one; False when it was refused."""
        self._now += after
        streams = self.streams.setdefault(by.tenant_id, {})
        wiring = command.wiring
        try:
            with at(self._now):
                touched = decide(command, copy.deepcopy(streams), by, self._now)
        except Refusal:
            return False
        if wiring.creates is not None and id_of(command, "id") in streams:
            return False
        for aggregate in touched:
            self._store(aggregate, by)
        return True

    def _store(self, aggregate: Aggregate, by: Caller) -> None:
        for event in aggregate.decided():
            position = len(self.events) + 1
            envelope = Envelope(
                position=position,
                tenant_id=by.tenant_id,
                topic=aggregate.topic,
                originator_id=event.originator_id,
                originator_version=event.originator_version,
                event_id=UUID(int=position),
                type=event.stored_as,
                version=event.class_version,
                timestamp=event.timestamp,
                payload=self._codec.encode(event, tenant_id=by.tenant_id),
                metadata=b"{}",
                command_id=UUID(int=position),
                correlation_id="a story",
                causation_id=None,
                user_id=by.user_id,
                session_id=None,
                source="tests",
                environment="test",
                region="local",
            )
            self.events.append((self._codec.decode(envelope), envelope))
        aggregate.collect_claims()
        self.streams[by.tenant_id][aggregate.id] = aggregate

    def of(self, *events: type[Event]) -> list[tuple[Event, Envelope]]:
        """What happened of these kinds."""
        return [(event, envelope) for event, envelope in self.events if isinstance(event, events)]

    def standing(self, kind: type[Aggregate]) -> Sequence[tuple[UUID, Aggregate]]:
        """The aggregates of a kind as they stand, each with its tenant."""
        return [
            (tenant_id, entity)
            for tenant_id, streams in self.streams.items()
            for entity in streams.values()
            if isinstance(entity, kind)
        ]
