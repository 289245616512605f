"""Given, when, then: a rule's test, without a log, a mock or I/O.

    given(CREATED, COMPLETED).when(CompleteTask(id=TASK)).refused(TaskAlreadyDone)

Events given bare belong to the aggregate that the command's ``id`` names; ``on(PROJECT, Project.Archived())``
puts events on another stream.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.bus.checks import check
from domain.kit.bus.decisions import decide
from domain.kit.caller import Caller
from domain.kit.clock import at
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.refusals import Refusal
from domain.kit.text import composed
from domain.kit.wiring.needs import id_of

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SOMEONE = Caller(tenant_id=UUID(int=1), user_id=UUID(int=2))


@dataclass(frozen=True)
class On:
    """Events of a named stream."""

    id: UUID
    events: tuple[Event, ...]


def on(id: UUID, *events: Event) -> On:
    """Events that stand on the stream with this id."""
    return On(id, events)


@dataclass
class Scenario:
    """A history, and then what a command makes of it."""

    history: tuple[Event | On, ...]
    caller: Caller = SOMEONE
    moment: datetime = NOON
    recorded: list[Event] = field(default_factory=list)
    refusal: Refusal | None = None

    def by(self, caller: Caller) -> Self:
        """Say who sends the command."""
        self.caller = caller
        return self

    def at(self, moment: datetime) -> Self:
        """Say when the command is sent."""
        self.moment = moment
        return self

    def when(self, command: Command) -> Self:
        """Carry the command out against the history."""
        command = composed(command)
        streams: dict[UUID, Aggregate] = {}
        for given_ in self.history:
            for event in given_.events if isinstance(given_, On) else (given_,):
                id = given_.id if isinstance(given_, On) else command.id
                before = streams.get(id)
                version = before.version + 1 if before else 1
                streams[id] = event.stamped(id, version, self.moment).mutate(before)
        try:
            check(command, self.moment)
            for step in command.steps:
                for field in step.present:
                    if (named := streams.get(id_of(step, field) or self.caller.tenant_id)) is not None:
                        named.require_present(field=field)
            with at(self.moment):
                touched = decide(command, streams, self.caller, self.moment)
            self.recorded = [event for aggregate in touched for event in aggregate.decided()]
        except Refusal as refusal:
            self.refusal = refusal
        return self

    def then(self, *events: Event) -> None:
        """The command recorded exactly these events."""
        assert self.refusal is None, f"It was refused: {self.refusal!r}"
        assert self.recorded == list(events)

    def refused(self, refusal: type[Refusal], *, field: str | None = None) -> None:
        """The command was refused for this reason, about this field when one is named."""
        assert self.refusal is not None, f"It was not refused, it recorded {self.recorded!r}"
        assert type(self.refusal) is refusal, f"It was refused otherwise: {self.refusal!r}"
        if field is not None:
            assert self.refusal.field == field


def given(*history: Event | On) -> Scenario:
    """What had happened before."""
    return Scenario(history)
