"""Events from outside, and the dead letters of those that were rejected: one by one, listed, and live."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.gateway.sources import Source
from api.kit.model import (
    PAGE_ARGUMENTS,
    After,
    ComputedField,
    Connection,
    Entries,
    Info,
    Node,
    PageRequest,
    Resource,
    argument,
    bad_argument,
    connect,
    covered,
    derived,
    enum,
    field,
    linked,
    shows,
)
from api.kit.schema.filters import AnyView
from api.kit.schema.scalars import Json
from domain.gateway.detection.patterns import RelatedBy
from domain.gateway.letters import DiscardDeadLetter, LetterStatus
from domain.gateway.schemas.searchable import as_text
from domain.kit.ids import in_one_spelling, spelled
from domain.kit.privacy.nobody import is_nobody
from projections.gateway.event_metadata import FOUND, FOUND_AMONG, EventMetadata
from projections.gateway.events import DeadLetterRow, DeadLetters, OutsideEventRow, OutsideEvents, sent_user
from projections.gateway.sources import Sources
from projections.kit.declare.filters import beside
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order


@covered
@strawberry.type(description="A searchable value of an event.")
class EventEntry:
    """A value that stands in plain."""

    key: str = strawberry.field(
        description="Where it stands: `campaign` in metadata, `payload.amount` in payload."
    )
    value: str = strawberry.field(description="The value, as text: `spring`, `12.5`, `true`.")


def _texts(row: OutsideEventRow) -> dict[str, str]:
    return {key: as_text(value) for key, value in (row.searchable or {}).items()}


@shows(
    OutsideEventRow,
    needs="gateway:read",
    about="subject_id",
    leave_out=("source_id", "subject_id", "user_id", "user_spelling", "session_id", "order_id", "searchable"),
)
class OutsideEvent(Node):
    """An event that an outside system sent."""

    data: Json | None
    source = linked(Source, Sources, "source_id", "The source that sent it.")
    user_ref = derived(str | None, sent_user, "The user that it names, as its source knows them.")
    person_id = derived(
        UUID | None,
        lambda row: None if is_nobody(row.subject_id) else row.subject_id,
        "The id of the person that it names, for `eraseUser` and `requestExport`; null if there is none.",
    )
    session_ref = derived(str | None, lambda row: row.session_id, "The session that it names.")
    order_ref = derived(str | None, lambda row: row.order_id, "The order that its payload names.")
    metadata = derived(
        list[EventEntry],
        lambda row: [EventEntry(key=key, value=value) for key, value in _texts(row).items()],
        "What its schema said to be searchable, when it came in.",
    )


@shows(DeadLetterRow, needs="gateway:read", about="subject_id", leave_out=("source_id", "subject_id"))
class DeadLetter(Node):
    """An event that an outside system sent and that was rejected."""

    raw: str | None
    source = linked(Source, Sources, "source_id", "The source that sent it.")


_events = Resource(OutsideEvent, OutsideEvents, read="gateway:read")
_letters = Resource(DeadLetter, DeadLetters, read="gateway:read", write="gateway:write")
_filter = _events.filter(
    also=("source_id", "event_id", "occurred_at", "category", "environment"),
    computed={
        "correlation_id": ComputedField(
            str,
            "correlation_id",
            lambda row: row.correlation_id,
            "What it belongs together with other events by.",
            spelled,
        ),
        "user_ref": ComputedField(
            str,
            "user_id",
            lambda row: row.user_id,
            "The user that it names, as its source knows them; an id in any spelling.",
            in_one_spelling,
        ),
        "session_ref": ComputedField(
            str, "session_id", lambda row: row.session_id, "The session that it names.", spelled
        ),
        "order_ref": ComputedField(
            str, "order_id", lambda row: row.order_id, "The order that its payload names.", spelled
        ),
        "metadata": ComputedField(
            Entries,
            FOUND,
            _texts,
            "What its schema said to be searchable, by key and value.",
            beside=EventMetadata,
            among=FOUND_AMONG,
        ),
    },
)
_letters.filter(also=("source_id",), defaults={"status": (LetterStatus.OPEN,)})


_LONGEST = 200


@strawberry.type
class Query:
    outside_event = _events.by_id("An event from outside by id.")
    outside_events = _events.list("Events from outside, by pages.")

    async def _related(
        self,
        info: Info,
        by: Annotated[enum(RelatedBy), argument("What they belong together by.")],  # type: ignore[valid-type]
        value: Annotated[str, argument("Its id, as the events name it.")],
        filter: Annotated[_filter | None, argument("The filter; everything by default.")] = None,  # type: ignore[valid-type]
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        after_position: After = None,
    ) -> Connection[OutsideEvent]:
        ask, read = info.context, in_one_spelling if by is RelatedBy.USER else spelled
        if not 1 <= len(value) <= _LONGEST:
            raise bad_argument(f"The value has 1 to {_LONGEST} characters.", "value")
        tree = _filter.tree(filter)
        views: list[AnyView] = [OutsideEvents, *beside(tree)]
        for view in views:
            await ask.caught_up(view, after_position)
        return await connect(
            ask,
            OutsideEvents,
            filter=tree,
            where=equals(by.value, read(value)),
            order=Order("occurred_at"),
            wanted=PageRequest(first=first, after=after, last=last, before=before),
        )

    _related.__annotations__ |= PAGE_ARGUMENTS
    related_events = field(
        "Events from outside that belong together, in the order in which they happened, by pages.",
        needs="gateway:read",
    )(_related)
    del _related
    dead_letter = _letters.by_id("A dead letter by id.")
    dead_letters = _letters.list(
        "Events that were rejected, by pages; other than open ones only where the filter speaks of the status."
    )


@strawberry.type
class Mutation:
    discard_dead_letter = _letters.mutation(DiscardDeadLetter)
