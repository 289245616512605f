"""What commands decide on: the aggregates that they name, and those that these hold."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from itertools import chain
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.bus.decisions import decide, named_by
from domain.kit.bus.repository import Repository
from domain.kit.caller import Caller
from domain.kit.clock import at
from domain.kit.commands import Command
from domain.kit.refusals import Refusal
from domain.kit.wiring.needs import id_of, resolve


@dataclass(frozen=True, slots=True)
class FoundStreams:
    """What was found for commands."""

    streams: Mapping[UUID, Aggregate]
    looked_for: Collection[UUID]
    """The ids of all that was looked for, whether or not it is there."""


async def find(
    repository: Repository,
    tenant_id: UUID,
    commands: Sequence[Command],
    besides: Collection[UUID] = (),
    *,
    fresh: bool = False,
) -> FoundStreams:
    """Load all that these commands name, in as few reads for a hundred of them as for one."""
    named = [each for command in commands for each in (command.steps or (command,))]
    wanted = list(dict.fromkeys([*chain.from_iterable(map(_named, named)), *besides]))
    found = await repository.get(tenant_id, wanted, fresh=fresh) if wanted else {}
    known = set(wanted)
    while absent := _held(named, found) - known:
        # Loaded first, and then all are taken together: none may change while another one is waited for.
        await repository.get(tenant_id, list(absent), fresh=fresh)
        known |= absent
        found = await repository.get(tenant_id, list(known))
    return FoundStreams(found, known)


def present(command: Command, streams: Mapping[UUID, Aggregate]) -> dict[str, Aggregate]:
    """By the field that names it, what must be there for a command."""
    return {
        field: streams[id]
        for step in command.steps
        for field in step.present
        if (id := id_of(step, field)) is not None and id in streams
    }


async def look_for(
    repository: Repository,
    tenant_id: UUID,
    questions: Sequence[tuple[type[Command], UUID]],
    *,
    fresh: bool = False,
) -> FoundStreams:
    """Load what commands need that are only known by their class and the id they would have."""
    commands = [command for kind, id in questions if (command := _alone(kind, id)) is not None]
    return await find(repository, tenant_id, commands, [id for _, id in questions], fresh=fresh)


def tried(kind: type[Command], id: UUID, found: FoundStreams, by: Caller, now: datetime) -> Refusal | None:
    """What a command with nothing but this id is refused with by its rules, on copies of what was found.

    Of a command that needs more, only whether the id names what it changes.
    """
    command, changed = _alone(kind, id), kind.wiring.changes
    try:
        if command is None:
            if changed is not None:
                resolve(changed, id, found.streams)
            return None
        steps = command.steps or (command,)
        ids = {*chain.from_iterable(map(_named, steps)), *_held(steps, found.streams)}
        own = deepcopy({id: aggregate for id, aggregate in found.streams.items() if id in ids})
        for field, aggregate in present(command, own).items():
            aggregate.require_present(field=field)
        with at(now):
            decide(command, own, by, now)
    except Refusal as refusal:
        return refusal
    return None


def _alone(kind: type[Command], id: UUID) -> Command | None:
    """The command with nothing but its id, None when it needs more."""
    needed = [field.name for field in fields(kind) if field.default is MISSING and field.name != "id"]
    return None if needed else kind(id=id)


def _named(command: Command) -> list[UUID]:
    # An edit that says nothing is of what it would have changed.
    return [command.id] if command.of else named_by(command)


def _held(steps: Sequence[Command], found: Mapping[UUID, Aggregate]) -> set[UUID]:
    return {id for step in steps if not step.of for id in step.wiring.held(step, found)}
