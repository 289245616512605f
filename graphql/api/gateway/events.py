"""Events from outside, and the dead letters of those that were rejected: one by one, listed, and live."""

import strawberry

from api.gateway.sources import Source
from api.kit.model import ComputedField, Node, Resource, derived, linked, shows
from domain.gateway.letters import DiscardDeadLetter, LetterStatus
from projections.gateway.events import DeadLetterRow, DeadLetters, OutsideEventRow, OutsideEvents
from projections.gateway.sources import Sources


@shows(
    OutsideEventRow,
    needs="gateway:read",
    about="subject_id",
    leave_out=("source_id", "subject_id", "user_id", "session_id", "order_id"),
)
class OutsideEvent(Node):
    """An event that an outside system sent."""

    source = linked(Source, Sources, "source_id", "The source that sent it.")
    user_ref = derived(
        str | None, lambda row: row.user_id, "The user that it names, as its source knows them."
    )
    session_ref = derived(str | None, lambda row: row.session_id, "The session that it names.")
    order_ref = derived(str | None, lambda row: row.order_id, "The order that its payload names.")


@shows(DeadLetterRow, needs="gateway:read", about="subject_id", leave_out=("source_id", "subject_id"))
class DeadLetter(Node):
    """An event that an outside system sent and that was rejected."""

    source = linked(Source, Sources, "source_id", "The source that sent it.")


_events = Resource(OutsideEvent, OutsideEvents, read="gateway:read")
_letters = Resource(DeadLetter, DeadLetters, read="gateway:read", write="gateway:write")
_events.filter(
    also=("source_id", "category", "environment"),
    computed={
        "user_ref": ComputedField(
            str, "user_id", lambda row: row.user_id, "The user that it names, as its source knows them."
        ),
        "session_ref": ComputedField(
            str, "session_id", lambda row: row.session_id, "The session that it names."
        ),
        "order_ref": ComputedField(
            str, "order_id", lambda row: row.order_id, "The order that its payload names."
        ),
    },
)
_letters.filter(also=("source_id",), defaults={"status": (LetterStatus.OPEN,)})


@strawberry.type
class Query:
    outside_event = _events.by_id("An event from outside by id.")
    outside_events = _events.list("Events from outside, by pages.")
    dead_letter = _letters.by_id("A dead letter by id.")
    dead_letters = _letters.list(
        "Events that were rejected, by pages; other than open ones only where the filter speaks of the status."
    )


@strawberry.type
class Mutation:
    discard_dead_letter = _letters.mutation(DiscardDeadLetter)
