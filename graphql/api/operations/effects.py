"""Effects for operators: what processes did and have to do, and what is to become of what is parked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import ClientError
from api.kit.schema.commands import Receipt
from api.kit.schema.context import Info
from api.kit.schema.fields import LARGEST, argument, field
from api.kit.schema.scalars import Position
from api.operations.operator_commands import operator_request
from domain.operations.interventions import DiscardEffects, RetryEffects
from projections.operations.effects import EffectStatus
from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests

PERMISSION = "ops:repair"
_OPEN = ("pending", "running", "parked")
_STATUSES = (*_OPEN, "done", "failed", "withdrawn", "discarded")


@covered
@strawberry.type(
    description="A side effect of a process, executed once for each event. Its payload is not shown."
)
class Effect:
    """A row of the ledger."""

    id: int = strawberry.field(description="The effect's id.")
    process: str = strawberry.field(description="The process that requested it.")
    tenant_id: UUID = strawberry.field(description="The tenant's id.")
    instance: str = strawberry.field(description="The process instance.")
    name: str = strawberry.field(description="The name of the effect.")
    status: str = strawberry.field(
        description="`pending`, `running`, `done`, `parked` when it failed and waits, or `discarded`."
    )
    attempts: int = strawberry.field(description="The number of attempts.")
    error: str | None = strawberry.field(description="Why it failed, if it did.")
    discard_reason: str | None = strawberry.field(description="Why it was discarded, if it was.")
    event_id: UUID = strawberry.field(description="The id of the event that caused it.")
    position: Position = strawberry.field(description="That event's position.")
    correlation_id: str = strawberry.field(description="The correlation id of that event.")
    made_at: datetime = strawberry.field(description="When it was requested.")
    finished_at: datetime | None = strawberry.field(description="When it was done or discarded; null before.")

    @classmethod
    def of(cls, one: EffectStatus) -> "Effect":
        """The effect as the API shows it."""
        return cls(
            id=one.id,
            process=one.process,
            tenant_id=one.tenant_id,
            instance=one.instance,
            name=one.name,
            status=one.status,
            attempts=one.attempts,
            error=one.error,
            discard_reason=one.discard,
            event_id=one.event_id,
            position=Position(one.position),
            correlation_id=one.correlation_id,
            made_at=one.made_at,
            finished_at=one.finished_at,
        )


@covered
@strawberry.type(description="The receipt of an operation on effects; workers carry it out shortly.")
class EffectsReceipt(Receipt):
    """Says which they are."""

    effects: list[int] = strawberry.field(
        description="The ids of the effects that were parked and no longer are."
    )


def _shown(wish: Operation, done: OperationDone) -> dict[str, Any]:
    return {"effects": list(done.effects)}


@strawberry.type
class Query:
    @field("The effects of processes, the oldest first, for operators.", needs=PERMISSION)
    async def effects(
        self,
        info: Info,
        process: Annotated[str | None, argument("Only of this process.")] = None,
        status: Annotated[
            list[str] | None, argument("Only with one of these statuses; by default all but `done`.")
        ] = None,
        first: Annotated[int, argument(f"How many, at most {LARGEST}.")] = 100,
    ) -> list[Effect]:
        if unknown := [one for one in status or () if one not in _STATUSES]:
            raise ClientError(
                f"There is no status {unknown[0]}; there are {', '.join(_STATUSES)}.", code="BAD_USER_INPUT"
            )
        found = await info.context.port(OperatorRequests).effects.list(
            process=process, statuses=status or _OPEN, limit=max(0, min(first, LARGEST))
        )
        return [Effect.of(one) for one in found]


@strawberry.type
class Mutation:
    retry_effects = operator_request(RetryEffects, EffectsReceipt, needs=PERMISSION, shown=_shown)
    discard_effects = operator_request(DiscardEffects, EffectsReceipt, needs=PERMISSION, shown=_shown)
