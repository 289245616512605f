"""The tenants' keys: unwrapped by the master key, kept at hand for a while, made when a tenant has none."""

import time
from dataclasses import dataclass, field
from uuid import UUID

from cachetools import FIFOCache

from app.keys.cipher import Cipher, new_key
from app.keys.key_provider import Context, Master, Wrapped
from app.storage.database import Pool

NOBODY = UUID(int=0)
"""The tenant under which the key of fingerprints stands."""

_SECONDS = 300.0
"""How long a key is used without a look at the database; a new generation is announced besides."""
_MOST = 10_000

_ALL = "select generation, master_key, wrapped, retired_at from keys.tenant_keys where tenant_id = $1"
_ADD = """
insert into keys.tenant_keys (tenant_id, generation, master_key, wrapped) values ($1, $2, $3, $4)
on conflict do nothing
"""


class Gone(Exception):
    """A generation of a tenant's key is not there any more: what it had wrapped was rewrapped."""


@dataclass(slots=True)
class _Known:
    """The generations of one tenant, those that were needed also unwrapped."""

    wrapped: dict[int, Wrapped]
    newest: int
    until: float
    keys: dict[int, bytes] = field(default_factory=dict)
    ciphers: dict[int, Cipher] = field(default_factory=dict)


class TenantKeys:
    """The keys of all tenants. Safe to use from many tasks at once."""

    def __init__(self, pool: Pool, master: Master) -> None:
        self._pool, self._master = pool, master
        self._known: FIFOCache[int, _Known] = FIFOCache(_MOST)

    async def newest(self, tenant_id: UUID) -> tuple[int, Cipher]:
        """The generation that wraps new keys, made when there is none."""
        known = await self._of(tenant_id)
        if not known.newest:
            await self.add(tenant_id, 1)
            known = await self._of(tenant_id, fresh=True)
        return known.newest, await self._cipher(tenant_id, known, known.newest)

    async def cipher(self, tenant_id: UUID, generation: int) -> Cipher:
        """The cipher of a generation. Raises Gone, and as `Master.unwrap` does."""
        known = await self._of(tenant_id)
        if generation not in known.wrapped:
            known = await self._of(tenant_id, fresh=True)
        return await self._cipher(tenant_id, known, generation)

    async def key(self, tenant_id: UUID) -> bytes:
        """The newest key itself, made when there is none."""
        generation, _ = await self.newest(tenant_id)
        return self._known[tenant_id.int].keys[generation]

    async def add(self, tenant_id: UUID, generation: int) -> bool:
        """Make a generation; False when another process has just made it."""
        wrapped = await self._master.wrap(new_key(), context(tenant_id, generation))
        said = await self._pool.execute(_ADD, tenant_id, generation, wrapped.master_key, wrapped.data)
        self.drop(tenant_id)
        return said == "INSERT 0 1"

    def drop(self, tenant_id: UUID) -> None:
        """Forget a tenant's keys; they are read again when they are needed."""
        self._known.pop(tenant_id.int, None)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    async def _of(self, tenant_id: UUID, *, fresh: bool = False) -> _Known:
        known = self._known.get(tenant_id.int)
        if known is not None and not fresh and known.until > time.monotonic():
            return known
        rows = await self._pool.fetch(_ALL, tenant_id)
        wrapped = {
            row["generation"]: Wrapped(row["master_key"], row["wrapped"])
            for row in rows
            if row["retired_at"] is None
        }
        known = _Known(wrapped, max(wrapped, default=0), time.monotonic() + _SECONDS)
        self._known[tenant_id.int] = known
        return known

    async def _cipher(self, tenant_id: UUID, known: _Known, generation: int) -> Cipher:
        found = known.ciphers.get(generation)
        if found is None:
            if generation not in known.wrapped:
                raise Gone(f"Generation {generation} of the key of tenant {tenant_id} is gone.")
            key = await self._master.unwrap(known.wrapped[generation], context(tenant_id, generation))
            known.keys[generation] = key
            found = known.ciphers[generation] = Cipher(key)
        return found


def context(tenant_id: UUID, generation: int) -> Context:
    """What a tenant's wrapped key is bound to."""
    return {"purpose": "headwater tenant key", "tenant": str(tenant_id), "generation": str(generation)}
