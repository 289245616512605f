"""Effects for operators: what processes did and have to do, and what is to become of what is parked."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from api.kit.model import (
    COVERED,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Position,
    Receipt,
    argument,
    covered,
    field,
    forward,
    shows,
)
from api.kit.schema.lists.held import held_filter
from api.operations.operator_commands import operator_request, require_known
from domain.operations.interventions import DiscardEffects, RetryEffects
from projections.kit.read.conditions import filtered
from projections.operations.effects import OPEN, EffectRow, EffectStatus
from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests

PERMISSION = "ops:repair"


@shows(EffectRow, needs=COVERED, leave_out=("kind", "key", "next_at"))
class Effect:
    """A side effect of a process, executed once for each event. Its payload is not shown."""

    status: EffectStatus | None
    id: int = strawberry.field(name="number", description="The number by which operators name it.")
    discard: str | None = strawberry.field(
        name="discardReason", description="Why it was discarded, if it was."
    )
    position: Position


@covered
@strawberry.type(description="The receipt of an operation on effects; workers carry it out shortly.")
class EffectsReceipt(Receipt):
    """Says which they are."""

    effects: list[int] = strawberry.field(
        description="The numbers of the effects that were parked and no longer are."
    )


def _shown(operation: Operation, done: OperationDone) -> dict[str, Any]:
    return {"effects": list(done.effects)}


EffectFilter = held_filter(Effect, EffectRow, plural="effects", defaults={"status": OPEN})


@strawberry.type
class Query:
    @field(
        "The effects of processes, the oldest first, for operators; finished ones only where the filter says "
        "something of the status.",
        ForwardConnection[Effect],
        needs=PERMISSION,
    )
    async def effects(
        self,
        info: Info,
        process: Annotated[str | None, argument("Only of this process.")] = None,
        filter: Annotated[
            EffectFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything that is not finished by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[EffectRow]:
        effects = info.context.port(OperatorRequests).effects
        require_known("process", () if process is None else [process], await effects.processes())

        where = [filtered(None, EffectFilter.tree(filter))]

        async def read(limit: int, after: int | None) -> Sequence[EffectRow]:
            return await effects.list(process=process, where=where, limit=limit, after=after or 0)

        return await forward(
            info.context, "effects", first, after, read, place=lambda effect: effect.id, of=int
        )


@strawberry.type
class Mutation:
    retry_effects = operator_request(RetryEffects, EffectsReceipt, needs=PERMISSION, shown=_shown)
    discard_effects = operator_request(DiscardEffects, EffectsReceipt, needs=PERMISSION, shown=_shown)
