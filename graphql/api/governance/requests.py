"""What the mutations about privacy have in common: who asks, and how the outcome is answered."""

from typing import Any
from uuid import UUID

from api.kit.schema.commands import Receipt, Refused
from api.kit.schema.context import RequestContext
from api.kit.schema.fields import argument
from api.kit.schema.scalars import Position
from domain.kit.clock import TimeOrderedIds
from domain.kit.log import AppendReceipt as Stored
from domain.kit.refusals import Refusal
from projections.governance.privacy import DataSubject

NEEDED = argument("The command's input.")
"""Describes the input of a mutation."""

_ids = TimeOrderedIds()


def asked(ask: RequestContext, command_id: UUID | None) -> DataSubject:
    """Who asks."""
    return DataSubject(
        by=ask.caller,
        command_id=command_id or _ids.new(),
        correlation_id=ask.correlation_id,
        metadata=ask.trace,
    )


def outcome(receipt: type[Receipt], wish: DataSubject, done: Stored | Refusal, *, target: UUID) -> Any:
    """The receipt, which shows the target as it then stands, or the refusal."""
    if isinstance(done, Refusal):
        return Refused.of(done)
    shown: Any = receipt
    return shown(
        command_id=wish.command_id, position=Position(done.last), repeated=done.repeated, target=target
    )
