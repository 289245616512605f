"""Effects for operators: what processes did and have to do, and what is to become of what is parked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.access import covered
from api.kit.commands import Receipt
from api.kit.context import Info
from api.kit.errors import ClientError
from api.kit.fields import LARGEST, argument, field
from api.kit.scalars import Position
from api.operations.wishes import wishes
from domain.operations.interventions import DiscardEffects, RetryEffects
from projections.operations.effects import EffectStatus
from projections.operations.operating import Done, Operation, Operations

PERMISSION = "ops:repair"
_OPEN = ("pending", "running", "parked")
_STATUSES = (*_OPEN, "done", "failed", "withdrawn", "discarded")


@covered
@strawberry.type(
    description="Something that a process does, once for each event; what it is about is not shown."
)
class Effect:
    """A row of the ledger."""

    id: int = strawberry.field(description="Its number.")
    process: str = strawberry.field(description="The process that wished for it.")
    tenant_id: UUID = strawberry.field(description="Whose it is.")
    instance: str = strawberry.field(description="Which instance of the process.")
    name: str = strawberry.field(description="What is done.")
    status: str = strawberry.field(
        description="`pending`, `running`, `done`, `parked` when it failed and waits, or `discarded`."
    )
    attempts: int = strawberry.field(description="How often it was tried.")
    error: str | None = strawberry.field(description="Why it failed, when it did.")
    discard_reason: str | None = strawberry.field(description="Why it was given up, when it was.")
    event_id: UUID = strawberry.field(description="The event that it follows from.")
    position: Position = strawberry.field(description="That event's position.")
    correlation_id: str = strawberry.field(description="What it belongs to, as in the log.")
    made_at: datetime = strawberry.field(description="When it was wished for.")
    finished_at: datetime | None = strawberry.field(description="When it was done or given up; empty before.")

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
@strawberry.type(description="The receipt of a wish about effects; workers grant it in a moment.")
class EffectsReceipt(Receipt):
    """Says which they are."""

    effects: list[int] = strawberry.field(
        description="The numbers of those that were parked, and are so no more."
    )


def _shown(wish: Operation, done: Done) -> dict[str, Any]:
    return {"effects": list(done.effects)}


@strawberry.type
class Query:
    @field("What processes have to do, the oldest first, for operators.", needs=PERMISSION)
    async def effects(
        self,
        info: Info,
        process: Annotated[str | None, argument("Only of this process.")] = None,
        status: Annotated[
            list[str] | None, argument("Only with one of these; by default all that is not done.")
        ] = None,
        first: Annotated[int, argument(f"How many, at most {LARGEST}.")] = 100,
    ) -> list[Effect]:
        if unknown := [one for one in status or () if one not in _STATUSES]:
            raise ClientError(
                f"There is no status {unknown[0]}; there are {', '.join(_STATUSES)}.", code="BAD_USER_INPUT"
            )
        found = await info.context.port(Operations).effects.list(
            process=process, statuses=status or _OPEN, limit=max(0, min(first, LARGEST))
        )
        return [Effect.of(one) for one in found]


@strawberry.type
class Mutation:
    retry_effects = wishes(
        RetryEffects, EffectsReceipt, permission=PERMISSION, answer="EffectsAnswer", shown=_shown
    )
    discard_effects = wishes(
        DiscardEffects, EffectsReceipt, permission=PERMISSION, answer="EffectsAnswer", shown=_shown
    )
