"""The messages of a subscription: changes, and what is said where changes are missing."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar, get_type_hints
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.execution.sizes import MOST
from api.kit.schema.fields import derived
from api.kit.schema.scalars import Position
from projections.kit.declare.postgres import PostgresView

T = TypeVar("T")

MOST_ROWS, MOST_BYTES = 1_000, 10_000_000
"""What `initial` sends at most."""
PART = 100
"""How many rows one of its messages has at most."""

ResumeFrom = Annotated[
    Position | None,
    strawberry.argument(
        description="The cursor of the last message received, or the `position` in the `extensions` of a query's "
        "answer; the subscription continues right after it. A cursor too far back, or ahead of the log, is "
        "answered with a discontinuity."
    ),
]

Initial = Annotated[
    bool,
    strawberry.argument(
        description="Whether to begin with the present state, and to send it again after a discontinuity. With "
        "`resumeFrom`, it is sent only if the subscription cannot continue from there."
    ),
]


@strawberry.enum(description="What a change means for a list of the objects.")
class ChangeKind(Enum):
    """What to do with the object."""

    CREATED = strawberry.enum_value("created", description="It was made: put it into the list.")
    UPDATED = strawberry.enum_value(
        "updated",
        description="It changed, or came into sight or into the filter: add it to the list, or replace it there.",
    )
    REMOVED = strawberry.enum_value(
        "removed",
        description="It is gone, out of your sight, or no longer meets the filter: take it out of the list by "
        "its `nodeId`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[T]):
    """One message of a live subscription, which GraphQL types made by `messages` show."""

    cursor: Position
    kind: ChangeKind
    change: str
    """The event's stored type."""
    at: datetime
    by: UUID | None
    node_id: UUID | str
    node: T | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Generic[T]):
    """A part of the present state, which GraphQL types made by `messages` show."""

    cursor: Position
    nodes: Sequence[T]
    complete: bool


@strawberry.enum(description="Why messages may be missing.")
class Gap(Enum):
    """Codes of a `Discontinuity`."""

    TOO_FAR_BACK = strawberry.enum_value(
        "too_far_back", description="The cursor is further back than a subscription can resume."
    )
    POSITION_IN_FUTURE = strawberry.enum_value(
        "position_in_future",
        description="The cursor is of another log, or of one that was restored from a backup since: "
        "this one has not reached it.",
    )
    SIGHT_CHANGED = strawberry.enum_value(
        "sight_changed", description="Your access has changed, so other objects are visible now."
    )
    TOO_MUCH = strawberry.enum_value(
        "too_much",
        description=f"There is more than `initial` sends, {MOST_ROWS} objects or {MOST_BYTES} bytes: read it by "
        "pages, and go on with the changes.",
    )


@covered
@strawberry.type(description="Messages may be missing before this one: read the current state again.")
class Discontinuity:
    """Sent instead of messages that can no longer be delivered."""

    cursor: Position = strawberry.field(description="The cursor from which messages continue.")
    code: Gap = strawberry.field(description="The machine-readable reason.")
    reason: str = strawberry.field(description="The reason in words.")
    again: strawberry.Private[int]
    """From where a subscription would come to it again."""


def messages(
    shown: type,
    view: type[PostgresView[Any]],
    description: str,
    *,
    initial: bool = True,
    within: Collection[str] = (),
    about_id: str = "The id of the changed object",
) -> Any:
    """The GraphQL union of what a subscription to rows of a view sends, which are shown as this type; ``initial``:
    whether it may begin with those that are there. ``within`` are the columns of the key that all of them have in
    common, and ``about_id`` says what the other is.

    Raises TypeError for a view whose rows have no id: nobody could be told which one is gone.
    """
    if len(set(view.key) - set(within)) > 1:
        raise TypeError(f"{shown.__name__}Message: the rows of {view.__name__} are not known by one id.")
    events = _event_types(f"{shown.__name__}EventType", shown, view)
    (named_by,) = (column for column in view.key if column not in within)
    id_type: Any = UUID if get_type_hints(view.row)[named_by] is UUID else strawberry.ID

    class Message:
        cursor: Position = strawberry.field(description="The message's cursor, for `resumeFrom`.")
        kind: ChangeKind = strawberry.field(description="What it means for a list of the objects.")
        change = derived(events, lambda root: events(root.change), "What happened.")
        at: datetime = strawberry.field(description="When it happened.")
        by: UUID | None = strawberry.field(description="Who did it; null when the system did.")
        node_id: id_type = strawberry.field(  # pyright: ignore[reportInvalidTypeForm]
            description=f"{about_id}, also when it is gone."
        )
        node: shown | None = strawberry.field(  # type: ignore[valid-type]
            description="The object in its current state; null when it is gone or out of your sight."
        )

        @classmethod
        def is_type_of(cls, value: object, info: object) -> bool:
            return isinstance(value, Change | cls)

    kind = message_type(Message, f"{shown.__name__}Change", "A change of an object.")
    if not initial:
        return Annotated[
            kind | Discontinuity,
            strawberry.union(f"{shown.__name__}Message", description=description),
        ]

    class Part:
        cursor: Position = strawberry.field(
            description="The message's cursor, for `resumeFrom`: the position of the state once it is complete, "
            "and 0, from where it is sent again, before."
        )
        nodes: list[shown] = strawberry.field(  # type: ignore[valid-type]
            description=f"At most {PART} of the objects, in the order of their ids.", metadata={MOST: PART}
        )
        complete: bool = strawberry.field(
            description="Whether the state is complete, so that what is not in its messages is not there."
        )

        @classmethod
        def is_type_of(cls, value: object, info: object) -> bool:
            return isinstance(value, State | cls)

    part = message_type(
        Part, f"{shown.__name__}State", "A part of the present state, as `initial` asks for it."
    )
    return Annotated[
        kind | part | Discontinuity, strawberry.union(f"{shown.__name__}Message", description=description)
    ]


# Types have no static type, hence Any.
def message_type(declared: type, name: str, description: str) -> Any:
    """A class as the GraphQL type of a message, whose fields need what the subscription does."""
    declared.__name__ = name
    return covered(strawberry.type(declared, name=name, description=description))


# The members follow from the view, hence Any.
def _event_types(name: str, shown: type, view: type[PostgresView[Any]]) -> Any:
    """What can happen to rows of a view: ``TASK_COMPLETED`` for ``work.task.completed``."""
    stored = sorted(view().folds)
    short = {type: type.partition(".")[2] for type in stored}
    taken = Counter(short.values())
    members = {
        (type if taken[short[type]] > 1 else short[type]).replace(".", "_").upper(): strawberry.enum_value(
            type, description=f"The event `{type}`."
        )
        for type in stored
    }
    declared: Any = Enum(name, members)  # type: ignore[misc]
    return strawberry.enum(declared, description=f"The events of which `{shown.__name__}Change` tells.")
