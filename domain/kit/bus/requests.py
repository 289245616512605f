"""Commands on their way, and the refusals that follow from how the log stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller
from domain.kit.claims import taken
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt, Conflict, Missing, Outcome, Reused, Taken
from domain.kit.refusals import AlreadyExists, CommandIdReused, NotFound, StaleVersion
from domain.kit.wiring.needs import noun


@dataclass(frozen=True, slots=True)
class Request:
    """A command on its way: who sends it, and by which ids it is known."""

    command: Command
    by: Caller
    command_id: UUID
    correlation_id: str
    causation_id: str | None
    metadata: Mapping[str, object]
    expected_version: int | None
    """The version at which whoever sends it saw what it changes; None: it does not matter."""

    @property
    def stream(self) -> tuple[int, int]:
        """The stream that the command's ``id`` names, by tenant, or another that more commands change."""
        return self.by.tenant_id.int, self.command.wiring.turn(self.command).int


@dataclass(frozen=True, slots=True)
class SentTogether:
    """One of several commands that are sent together."""

    command: Command
    command_id: UUID
    expected_version: int | None = None


def require_version(request: Request, found: Mapping[UUID, Aggregate]) -> None:
    """Raise StaleVersion when what the command changes is at another version than its sender saw."""
    if request.expected_version is None or request.command.wiring.changes is None:
        return
    aggregate = found.get(request.command.id)
    if aggregate is not None and aggregate.version != request.expected_version:
        raise StaleVersion(field="id", version=aggregate.version)


def raise_unless_conflict(outcome: Outcome, command: Command) -> None:
    """Raise the refusal for an append that the log did not take; return when a second decision may succeed."""
    match outcome:
        case Missing(reference):
            raise NotFound(field=reference.field, what=noun(reference.topic))
        case Taken(reservation):
            raise taken(reservation)
        case Reused():
            raise CommandIdReused()
        case Conflict(originator_id):
            created = command.wiring.creates
            if created is not None and originator_id == command.id:
                raise AlreadyExists(field="id", what=noun(created.topic))
        case AppendReceipt():
            pass
