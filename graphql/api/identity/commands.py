"""Sending commands of which the server itself fills a field in, such as the hash of a secret."""

from typing import Any
from uuid import UUID

import strawberry

from api.kit.schema.commands import Refused, built
from api.kit.schema.context import Info
from domain.kit.clock import TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal

_ids = TimeOrderedIds()


def ids(input: Any, command_id: UUID | None) -> tuple[UUID, UUID]:
    """The command's id and that of what it makes, as the client chose them or else new."""
    chosen = command_id or _ids.new()
    id = input.id
    return chosen, chosen if id is strawberry.UNSET or id is None else id


async def sent(
    info: Info, command: type[Command], input: Any, command_id: UUID, **filled: object
) -> AppendReceipt | Refused:
    """The log's receipt of a command with these fields filled in, or the refusal as the API shows it."""
    context = info.context
    try:
        wish = built(command, input, command_id, **filled)
    except Refusal as refusal:
        return Refused.of(refusal)
    outcome = await context.services.bus.send(
        wish,
        by=context.caller,
        command_id=command_id,
        correlation_id=context.correlation_id,
        metadata=context.trace,
    )
    return Refused.of(outcome) if isinstance(outcome, Refusal) else outcome
