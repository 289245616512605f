"""Commands that processes send by themselves."""

from uuid import UUID

from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal


async def send_as_system(
    bus: Bus,
    command: Command,
    *,
    process: str,
    tenant_id: UUID,
    command_id: UUID,
    correlation_id: str,
    event_id: UUID,
) -> AppendReceipt | Refusal:
    """Send a command in a tenant for a process, because of an event."""
    return await bus.send(
        command,
        by=Caller(tenant_id=tenant_id, user_id=SYSTEM),
        command_id=command_id,
        correlation_id=correlation_id,
        causation_id=str(event_id),
        metadata={"process": process},
    )
