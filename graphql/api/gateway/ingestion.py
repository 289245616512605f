"""Events sent over GraphQL: what `POST /v1/events` takes, as a mutation."""

from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.model import LARGEST, Info, Position, enum, field
from api.kit.schema.commands import Refused
from api.kit.schema.scalars import Json
from domain.gateway.bodies import read_value
from domain.gateway.outcomes import EventAnswer, EventIntake, EventStatus, EventViolation
from domain.gateway.sources import INGEST
from domain.kit.refusals import Invalid, Refusal
from domain.kit.refusals import ViolationCode as Code

if TYPE_CHECKING:
    # It is made when the schema is built, which checkers cannot follow.
    from enum import Enum as ViolationCode

_CODES = "api.kit.schema.refusal_codes"
_LAZY = strawberry.lazy(_CODES)


@covered
@strawberry.type(description="Says what is wrong with an event.")
class EventFault:
    """A violation of an event as the API shows it."""

    rule: str = strawberry.field(
        description="The rule that rejects it: of its form, such as `envelope`, or of its type."
    )
    code: Annotated["ViolationCode", _LAZY] = strawberry.field(
        description="Which kind of limit it is outside of."
    )
    path: list[str] = strawberry.field(description="Where in the event the fault is.")
    message: str = strawberry.field(description="What is wrong, as a sentence.")

    @classmethod
    def of(cls, violation: EventViolation) -> "EventFault":
        """The violation as data."""
        code = import_module(_CODES).ViolationCode[violation.code]
        path = [str(part) for part in violation.path]
        return cls(rule=violation.rule, code=code, path=path, message=violation.message)


@covered
@strawberry.type(description="Says what became of one event that was sent.")
class EventResult:
    """The answer to an event."""

    status: enum(EventStatus) = strawberry.field(  # type: ignore[valid-type]
        description="Whether it was accepted, was known already, or was rejected."
    )
    event_id: UUID | None = strawberry.field(description="The id that it says, if it can be read.")
    position: Position | None = strawberry.field(
        description="Where it stands in the log; of a duplicate, where the first one stands."
    )
    violations: list[EventFault] = strawberry.field(description="What is wrong with it, if it was rejected.")
    letter_id: UUID | None = strawberry.field(
        description="The dead letter that keeps it, if it was rejected and is kept."
    )

    @classmethod
    def of(cls, answer: EventAnswer) -> "EventResult":
        """The answer as data."""
        return cls(
            status=answer.status,
            event_id=answer.event_id,
            position=None if answer.position is None else Position(answer.position),
            violations=[EventFault.of(violation) for violation in answer.violations],
            letter_id=answer.letter_id,
        )


@covered
@strawberry.type(description="Says what became of events that were sent.")
class IngestReceipt:
    """The answers to all of them."""

    results: list[EventResult] = strawberry.field(description="One result for each event, in their order.")
    position: Position | None = strawberry.field(
        description="The log position of the last event that was accepted; pass it to a query as "
        "`afterPosition`."
    )


@strawberry.input(description="Events of a source.")
class IngestEventsInput:
    """What is sent."""

    source_id: UUID | None = strawberry.field(
        default=None, description="The source that they are from; a source itself leaves it out."
    )
    events: list[Json] = strawberry.field(
        description=f"The events, {LARGEST} at most, each an object as `POST /v1/events` takes it."
    )
    sent_at: datetime | None = strawberry.field(
        default=None, description="When they were sent, by the clock of who sends them."
    )


# The two members have no common base.
IngestAnswer: Any = Annotated[
    IngestReceipt | Refused, strawberry.union("IngestAnswer", description="A receipt or a refusal.")
]


@strawberry.type
class Mutation:
    """Events come in."""

    @field(
        "Send events of a source: each is accepted, known already or rejected by itself, whatever becomes of "
        "the others. The same event sent again is the same event.",
        IngestAnswer,
        needs=INGEST,
    )
    async def ingest_events(
        self,
        info: Info,
        input: Annotated[IngestEventsInput, strawberry.argument(description="The events.")],
    ) -> Any:
        ask = info.context
        intake = ask.port(EventIntake)  # type: ignore[type-abstract]
        try:
            if not 1 <= len(input.events) <= LARGEST:
                reason = f"must hold 1 to {LARGEST} events"
                raise Invalid(field="events", reason=reason, why=Code.TOO_MANY, minimum=1, maximum=LARGEST)
            await intake.admit(ask.caller, input.source_id)
            answers = await intake.take(
                ask.caller, input.source_id, list(map(read_value, input.events)), sent_at=input.sent_at
            )
        except Refusal as refusal:
            return Refused.of(refusal)
        stored = [answer.position for answer in answers if answer.status is EventStatus.ACCEPTED]
        last = max(filter(None, stored), default=None)
        if last is not None:
            ask.wrote(last)
        return IngestReceipt(
            results=[EventResult.of(answer) for answer in answers],
            position=None if last is None else Position(last),
        )
