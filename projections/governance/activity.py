"""The activity log: one row for every state change, whichever context it happened in."""

import dataclasses
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints
from uuid import UUID

import msgspec

# With this, every event of the product is known, whichever context it happens in.
from domain.contexts import CONTEXTS
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Personal, Restricted, marks
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.model import Index, PostgresView, Retain, Row

if TYPE_CHECKING:
    # Their members are those of the contexts, which checkers cannot follow.
    class ActivityEntityType(StrEnum): ...

    class ActivityAction(StrEnum): ...

else:
    _EVENTS = [
        event.stored_as for context in CONTEXTS for kind in context.aggregates for event in kind.events
    ]

    def _enum(name: str, description: str, part: int) -> type[StrEnum]:
        values = sorted({type.split(".")[part] for type in _EVENTS})
        declared = StrEnum(name, [(value.upper(), value) for value in values], module=__name__)
        declared.__doc__ = description
        return declared

    ActivityEntityType = _enum("ActivityEntityType", "The type of what something was done to.", -2)
    ActivityAction = _enum("ActivityAction", "What was done: the last part of the event's type.", -1)


class ActivityRow(Row):
    """An action in the tenant, as the activity log records it."""

    id: Annotated[UUID, Describe("The event's id.")]
    entity_type: Annotated[str, Len(max_length=50), Describe("The type of the entity that it was done to.")]
    entity_id: Annotated[UUID, Describe("The id of that entity.")]
    action: Annotated[str, Len(max_length=100), Describe("The action.")]
    actor_id: Annotated[UUID | None, Describe("Who did it; null when the system did.")]
    metadata: Annotated[dict[str, Any], Describe("The changes, without confidential or personal data.")]
    created_at: Annotated[datetime, Describe("When it happened.")]


class ActivityLog(PostgresView[ActivityRow], name="audit.activity_log", version=1, inline=True):
    """Who did what to what, and when; what was more than two years ago is gone (ADR 17)."""

    vast = True
    retain = Retain(years=2, by="created_at")
    indexes = (
        Index("idx_activity_entity", ("entity_id", "created_at desc")),
        Index("idx_activity_actor", ("actor_id", "created_at desc")),
        Index("idx_activity_created_at", ("created_at", "id")),
    )

    # What outside systems send is left out: no activity of the tenant's people, and far more than that.
    @on(Event, by=lambda event, envelope: envelope.event_id, first=True)
    def happened(self, row: None, event: Event, envelope: Envelope) -> ActivityRow:
        return ActivityRow(
            id=envelope.event_id,
            entity_type=envelope.topic.rsplit(".", 1)[-1],
            entity_id=envelope.originator_id,
            action=envelope.type.rsplit(".", 1)[-1],
            actor_id=envelope.user_id,
            metadata={shown: _plain(getattr(event, name)) for name, shown in _shown(type(event))},
            created_at=envelope.timestamp,
        )


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


@cache
def _shown(event: type[Event]) -> tuple[tuple[str, str], ...]:
    """The fields that an activity may show, with their camelCase names; sealed ones would tell nobody anything."""
    hints = get_type_hints(event, include_extras=True)
    secret = (Confidential, Restricted, Personal)
    return tuple(
        (field.name, _camel(field.name))
        for field in dataclasses.fields(event)
        if not any(isinstance(mark, secret) for mark in marks(hints[field.name]))
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
