"""Decisions: what a command decides on what was found, an edit step by step."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.wiring.needs import id_of, resolve


class NotLoaded(Exception):
    """These ids have to be looked for before a command can be decided."""

    def __init__(self, ids: Collection[UUID]) -> None:
        super().__init__(f"{len(ids)} aggregates are not loaded")
        self.ids = ids


def named_by(command: Command) -> list[UUID]:
    """The ids of the aggregates that a command names, those that must be present included."""
    fields = [*(need.field for need in command.wiring.direct), *command.present]
    named = [id for field in fields if (id := id_of(command, field)) is not None]
    return [*named, *command.wiring.besides(command)]


def decide(
    command: Command,
    found: Mapping[UUID, Aggregate],
    by: Caller,
    now: datetime,
    looked_for: Collection[UUID] | None = None,
) -> tuple[Aggregate, ...]:
    """Run each step of a command on what is ``found``, and return every aggregate that was made or given.

    What one step changes the next one sees. Raises a refusal, and `NotLoaded` where a step has changed what the
    next one looks at to something else than was ``looked_for``; None: everything was.
    """
    streams, touched, steps = dict(found), dict[UUID, Aggregate](), command.steps
    for step in steps:
        held = step.wiring.held(step, streams)
        if looked_for is not None and (absent := {*held} - {*looked_for} - streams.keys()):
            raise NotLoaded(absent)
        for aggregate in step.wiring.call(step, step.wiring.resolved(step, streams), by, now):
            streams[aggregate.id] = touched[aggregate.id] = aggregate
    if not steps and (changed := command.wiring.changes) is not None:
        unchanged = resolve(changed, command.id, streams)
        assert unchanged is not None
        touched[unchanged.id] = unchanged
    return tuple(touched.values())
