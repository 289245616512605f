"""Telling what was found, once for ever."""

from typing import Any

from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.process.effects import Call, EffectFailed
from domain.kit.refusals import AlreadyExists, CommandIdReused, Refusal


# A call knows the state of its process, of whichever type.
async def tell(bus: Bus, command: Command, call: Call[Any], process: str) -> None:
    """Send a command whose id follows from what was found. Raises EffectFailed where it is refused.

    The log knows the id again: what was told before, by whichever try, is told.
    """
    outcome = await bus.send(
        command,
        by=Caller(tenant_id=call.tenant_id, user_id=SYSTEM),
        command_id=command.id,
        correlation_id=call.correlation_id,
        causation_id=str(call.event_id),
        metadata={"process": process},
    )
    if isinstance(outcome, Refusal) and not isinstance(outcome, AlreadyExists | CommandIdReused):
        raise EffectFailed(outcome.code)


def company(event: object, envelope: object) -> str:
    """The one instance of a tenant."""
    return "company"
