"""Replays for operators: what folding events again would change in the views, and putting it right."""

from typing import Any

import strawberry

from api.kit.execution.access import covered
from api.kit.schema.commands import Receipt
from api.operations.operator_commands import operator_request
from domain.operations.interventions import ReplayEvents
from projections.operations.effects import Replayed
from projections.operations.operator_requests import Operation, OperationDone


@covered
@strawberry.type(
    description="The findings of a replay in one view; the command line shows the rows and fields."
)
class ReplayedView:
    """A view whose rows were compared."""

    view: str = strawberry.field(description="The view's name.")
    rows: int = strawberry.field(description="The number of rows that the events touch.")
    differing: int = strawberry.field(
        description="The number of rows that differ, or differed, from the log."
    )
    written: bool = strawberry.field(
        description="Whether these were repaired; never in a dry run, nor in an inline view."
    )

    @classmethod
    def of(cls, one: Replayed) -> "ReplayedView":
        """The outcome as the API shows it."""
        return cls(view=one.view, rows=one.rows, differing=one.differing, written=one.written)


@covered
@strawberry.type(description="The receipt of a replay.")
class ReplayReceipt(Receipt):
    """Says what was found."""

    views: list[ReplayedView] = strawberry.field(
        description="The findings in each view; empty when the same command is sent again."
    )


def _shown(wish: Operation, done: OperationDone) -> dict[str, Any]:
    return {"views": [ReplayedView.of(one) for one in done.replayed]}


@strawberry.type
class Mutation:
    replay_events = operator_request(ReplayEvents, ReplayReceipt, needs="ops:repair", shown=_shown)
