"""Mutations of operators: each needs a permission, is noted in the log, and answers a receipt or a refusal."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.schema.commands import COMMAND_ID, Receipt, Refused, built
from api.kit.schema.context import Info
from api.kit.schema.fields import described
from api.kit.schema.node_types import takes
from api.kit.schema.scalars import Position
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Refusal
from projections.operations.operator_requests import (
    Directing,
    Operation,
    OperationDone,
    OperatorRequests,
    asked_by,
)

_ids = TimeOrderedIds()


def wishes(
    operation: type[Operation],
    receipt: type[Receipt],
    *,
    permission: str,
    answer: str,
    shown: Callable[[Operation, OperationDone], dict[str, Any]],
) -> StrawberryField:
    """The mutation by which somebody who has the permission asks for this operation.

    ``answer`` names the union of receipt and refusal; ``shown`` gives what this receipt says besides.
    """
    # What a wish is about has an id only where there is something already, a rebuild.
    directs = operation in Directing.__args__
    taken = takes(operation, leave_out=("asked_by",) if directs else ("id", "asked_by"))
    either: Any = receipt
    returned = Annotated[either | Refused, strawberry.union(answer, description="A receipt or a refusal.")]

    async def resolve(info: Info, input: Any, command_id: UUID | None = None) -> Any:
        context = info.context
        chosen = command_id or _ids.new()
        try:
            wish = built(operation, input, chosen, asked_by=asked_by(context.caller))
        except Refusal as refusal:
            return Refused.of(refusal)
        done = await context.port(OperatorRequests).carry_out(
            wish,
            by=context.caller,
            command_id=chosen,
            correlation_id=context.correlation_id,
            metadata=context.trace,
        )
        if isinstance(done, Refusal):
            return Refused.of(done)
        return receipt(
            command_id=chosen,
            position=Position(done.receipt.last),
            repeated=done.receipt.repeated,
            **shown(wish, done),
        )

    resolve.__annotations__ |= {
        "input": Annotated[taken, strawberry.argument(description="The command's input.")],
        "command_id": Annotated[UUID | None, strawberry.argument(description=COMMAND_ID)],
        "return": returned,
    }
    description = f"{' '.join((operation.__doc__ or '').split())} Needs `{permission}`."
    return described(resolve, description, needs=permission)
