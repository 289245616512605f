"""Replays for operators: what folding events again would change in the views, and putting it right."""

from typing import Any

import strawberry

from api.kit.model import COVERED, Receipt, covered, shows
from api.operations.operator_commands import operator_request
from domain.operations.interventions import ReplayEvents
from projections.operations.effects import Replayed
from projections.operations.operator_requests import Operation, OperationDone


@shows(Replayed, needs=COVERED)
class ReplayedView:
    """The findings of a replay in one view; the command line shows the rows and fields."""


@covered
@strawberry.type(description="The receipt of a replay.")
class ReplayReceipt(Receipt):
    """Says what was found."""

    views: list[ReplayedView] = strawberry.field(
        description="The findings in each view; empty when the same command is sent again."
    )


def _shown(operation: Operation, done: OperationDone) -> dict[str, Any]:
    return {"views": done.replayed}


@strawberry.type
class Mutation:
    replay_events = operator_request(ReplayEvents, ReplayReceipt, needs="ops:repair", shown=_shown)
