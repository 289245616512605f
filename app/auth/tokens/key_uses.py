"""When API keys are used: noted as they are shown, and told to the log by the by, for each hour once."""

import asyncio
import logging
import time
from uuid import UUID

from cachetools import LRUCache

from app.auth.tenant_services import Homes
from domain.identity.api_keys import APART, NoteApiKeyUse, api_key_use_id
from domain.kit.caller import SYSTEM, Caller

_CAPACITY = 20_000
_HELD = APART.total_seconds() / 4
"""Seconds for which a key is not told of again: `last_used_at` of a key in use is 75 minutes old at most."""
_PAUSE = 2.0
"""Seconds between looks at what is to be told."""
_logger = logging.getLogger(__name__)


class KeyUses:
    """The uses of keys in this process. No request waits for what is told."""

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._noted: LRUCache[UUID, float] = LRUCache(_CAPACITY)
        self._waiting: dict[UUID, UUID] = {}
        """Tenants, by their keys."""

    def note(self, tenant_id: UUID, key_id: UUID) -> None:
        """Note that a good key was shown."""
        now = time.monotonic()
        if now - self._noted.get(key_id, -_HELD) >= _HELD:
            self._noted[key_id] = now
            self._waiting[key_id] = tenant_id

    async def telling(self) -> None:
        """Tell the log of what was noted, until it is cancelled."""
        while True:
            await asyncio.sleep(_PAUSE)
            waiting, self._waiting = self._waiting, {}
            for key_id, tenant_id in waiting.items():
                await self._tell(tenant_id, key_id)

    async def _tell(self, tenant_id: UUID, key_id: UUID) -> None:
        try:
            home = await self._homes.of(tenant_id)
            id = api_key_use_id(key_id, home.bus.now())
            by = Caller(tenant_id=tenant_id, user_id=SYSTEM)
            # Sent again in that hour, here or by another process, it is the same command.
            await home.bus.send(NoteApiKeyUse(id=id, api_key_id=key_id), by=by, command_id=id)
        except Exception:
            # Its next use is told, and the others are.
            _logger.warning("The use of an API key could not be noted.", exc_info=True)
            self._noted.pop(key_id, None)
