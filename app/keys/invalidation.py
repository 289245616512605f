"""Hears of keys that were destroyed or renewed by other processes, so that no cache keeps them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from app.storage.database import Connection
from projections.kit.connections import CONNECTION_FAILED

CHANNEL = "headwater_keys"
_PAUSE = 1.0

_logger = logging.getLogger(__name__)


def notification(tenant_id: UUID, subject: UUID | None = None) -> str:
    """What is said on the channel when a person's key is gone, or a tenant has a new one."""
    return f"{tenant_id.hex}:{subject.hex if subject else ''}"


class Listener:
    """A connection of its own that is recreated when it breaks."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        heard: Callable[[UUID, UUID | None], None],
        missed: Callable[[], None],
    ) -> None:
        """``heard`` is called with tenant and person, None for the tenant's key; ``missed`` whenever something may
        have been said that nobody heard."""
        self._connect, self._heard, self._missed = connect, heard, missed
        self.listening = asyncio.Event()
        """Set while it hears what is said."""

    async def run(self) -> None:
        """Listen until it is cancelled."""
        while True:
            try:
                await self._listen()
            except CONNECTION_FAILED as error:
                _logger.warning("Not listening for changes of keys: %s.", type(error).__name__)
            self.listening.clear()
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        connection = await self._connect()
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_: lost.set())
            await connection.add_listener(CHANNEL, self._hear)
            self._missed()
            self.listening.set()
            await lost.wait()
        finally:
            connection.terminate()

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        tenant, _, subject = str(payload).partition(":")
        self._heard(UUID(hex=tenant), UUID(hex=subject) if subject else None)
