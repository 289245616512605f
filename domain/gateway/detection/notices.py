"""Telling what was found, once for ever."""

from typing import Any

from domain.kit.bus.bus import Bus
from domain.kit.commands import Command
from domain.kit.process.effects import Call, EffectFailed
from domain.kit.process.system_commands import send_as_system
from domain.kit.refusals import AlreadyExists, CommandIdReused, Refusal


# A call knows the state of its process, of whichever type.
async def tell(bus: Bus, command: Command, call: Call[Any], process: str) -> None:
    """Send a command whose id follows from what was found. Raises EffectFailed where it is refused.

    The log knows the id again: what was told before, by whichever try, is told.
    """
    outcome = await send_as_system(
        bus,
        command,
        process=process,
        tenant_id=call.tenant_id,
        command_id=command.id,
        correlation_id=call.correlation_id,
        event_id=call.event_id,
    )
    if isinstance(outcome, Refusal) and not isinstance(outcome, AlreadyExists | CommandIdReused):
        raise EffectFailed(outcome.code)


def company(event: object, envelope: object) -> str:
    """The one instance of a tenant."""
    return "company"
