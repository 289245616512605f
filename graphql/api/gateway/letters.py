"""Dead letters: what was rejected is corrected, replayed or discarded."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.gateway.ingestion import EventResult
from api.kit.model import Info, covered, field
from api.kit.schema.commands import Refused
from api.kit.schema.scalars import Position
from domain.gateway.outcomes import LARGEST_EVENT
from domain.gateway.replays import MOST_REPLAYS, ChosenLetters, LetterReplay
from domain.kit.refusals import Invalid, Refusal
from domain.kit.refusals import ViolationCode as Code
from projections.gateway.events import DeadLetters


@covered
@strawberry.type(description="Says what became of the event of a dead letter.")
class LetterReplayReceipt:
    """The answer to a replay."""

    result: EventResult = strawberry.field(
        description="What became of the event; the dead letter of one that is rejected again stays open."
    )


@covered
@strawberry.type(description="Says what became of dead letters that were replayed together, or would be.")
class LetterReplaysReceipt:
    """The numbers."""

    matched: int = strawberry.field(description="The number of open dead letters that were chosen.")
    replayed: int = strawberry.field(description="The number of events that were accepted; 0 of a dry run.")
    rejected: int = strawberry.field(
        description="The number of events that were rejected again and stay open; 0 of a dry run."
    )


@strawberry.input(description="The input of `replayDeadLetter`.")
class ReplayDeadLetterInput:
    """Which, and as what."""

    id: UUID = strawberry.field(description="The id of the dead letter.")
    event: str | None = strawberry.field(
        default=None, description="The corrected event, as JSON text; by default the event as it was sent."
    )


@strawberry.input(description="The input of `replayDeadLetters`: those that meet all that is given.")
class ReplayDeadLettersInput:
    """Which."""

    source_id: UUID | None = strawberry.field(default=None, description="Of this source.")
    rule: str | None = strawberry.field(default=None, description="Rejected by this rule.")
    event_type: str | None = strawberry.field(default=None, description="Of this type of event.")
    dry_run: bool = strawberry.field(
        default=True, description="Whether they are only counted, and nothing is sent."
    )


# The two members have no common base.
LetterReplayAnswer: Any = Annotated[
    LetterReplayReceipt | Refused,
    strawberry.union("LetterReplayAnswer", description="A receipt or a refusal."),
]
LetterReplaysAnswer: Any = Annotated[
    LetterReplaysReceipt | Refused,
    strawberry.union("LetterReplaysAnswer", description="A receipt or a refusal."),
]


@strawberry.type
class Mutation:
    """Events that were rejected are let in."""

    @field(
        "Send the event of an open dead letter again, as it was or corrected. Once it is accepted, or known "
        "already, the dead letter is closed. It needs `gateway:ingest` as well, and for a payment "
        "`commerce:payments`.",
        LetterReplayAnswer,
        needs="gateway:write",
    )
    async def replay_dead_letter(
        self,
        info: Info,
        input: Annotated[ReplayDeadLetterInput, strawberry.argument(description="The dead letter.")],
    ) -> Any:
        ask = info.context
        replay = ask.port(LetterReplay)  # type: ignore[type-abstract]
        # The letter may be of a moment ago.
        await ask.caught_up(DeadLetters, Position(await ask.services.log.head()))
        try:
            if input.event is not None and len(input.event.encode(errors="replace")) > LARGEST_EVENT:
                reason = f"has more than {LARGEST_EVENT} bytes"
                raise Invalid(field="event", reason=reason, why=Code.TOO_LARGE, maximum=LARGEST_EVENT)
            answer = await replay.replay(ask.caller, input.id, input.event)
        except Refusal as refusal:
            return Refused.of(refusal)
        return LetterReplayReceipt(result=EventResult.of(answer))

    @field(
        f"Send the events of open dead letters again, the oldest first, {MOST_REPLAYS} at most at once; "
        "`startReplayJob` replays all. By default they are only counted. It needs `gateway:ingest` as well, and "
        "for payments `commerce:payments`: without it they stay rejected.",
        LetterReplaysAnswer,
        needs="gateway:write",
    )
    async def replay_dead_letters(
        self,
        info: Info,
        input: Annotated[ReplayDeadLettersInput, strawberry.argument(description="The dead letters.")],
    ) -> Any:
        ask = info.context
        replay = ask.port(LetterReplay)  # type: ignore[type-abstract]
        chosen = ChosenLetters(source_id=input.source_id, rule=input.rule, event_type=input.event_type)
        try:
            if input.dry_run:
                return LetterReplaysReceipt(
                    matched=await replay.count(ask.caller, chosen), replayed=0, rejected=0
                )
            done = await replay.replay_all(ask.caller, chosen)
        except Refusal as refusal:
            return Refused.of(refusal)
        return LetterReplaysReceipt(matched=done.matched, replayed=done.replayed, rejected=done.rejected)
