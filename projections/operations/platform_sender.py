"""Sends what operators do to the log, in the platform's own tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.kit.bus.bus import Bus
from domain.kit.caller import PLATFORM, Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal


@dataclass(frozen=True, slots=True)
class PlatformSender:
    """Sends the commands of one request, in the tenant that the actions of operators belong to."""

    bus: Bus
    by: Caller
    correlation_id: str | None
    metadata: Mapping[str, object] | None

    async def send(self, command: Command, command_id: UUID) -> AppendReceipt | Refusal:
        caller = Caller(tenant_id=PLATFORM, user_id=self.by.user_id, session_id=self.by.session_id)
        return await self.bus.send(
            command,
            by=caller,
            command_id=command_id,
            correlation_id=self.correlation_id,
            metadata=self.metadata,
        )
