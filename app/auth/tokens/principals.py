"""Callers: what a person who has signed in, or a machine with an API key, may do in a tenant at this moment."""

import hmac
import time
from collections.abc import Awaitable, Callable, Set
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from cachetools import FIFOCache, LRUCache

from app.auth.tenant_services import Homes
from app.auth.tokens.key_uses import KeyUses
from app.auth.tokens.session_cache import HOLD, SessionCache
from app.mail.mailed_tokens import hash_of
from domain.gateway.sources import INGEST
from domain.identity.accounts import AccountStatus
from domain.kit.caller import PLATFORM, Caller
from domain.kit.ids import read_hex
from domain.kit.log import GLOBAL
from projections.gateway.source_access import SourceKeyAccess, source_key_standing
from projections.identity.member_access import ApiKeyAccess, MemberAccess, key_standing, standing
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.shared_reads import SharedReads
from projections.tenancy.tenants import Tenants

T = TypeVar("T")

_CAPACITY = 20_000
_KeyId = tuple[UUID, UUID]
"""A tenant, and the id of a key there."""
_INGESTING = frozenset({INGEST})
"""What the key of a source may do."""
_ALONE = frozenset({"self"})
"""What somebody may do who has still to show the second factor that is asked for."""
_UNATTACHED = frozenset({"self", "users:read"})
"""What somebody may do who belongs to no tenant: there is nobody to see there but themselves."""


ASKS = "require_second_factor"
"""The tenant's setting that has its people show a second factor."""


class Callers:
    """Makes callers of sessions and keys; what it reads it goes by for two seconds."""

    def __init__(self, living: SessionCache, homes: Homes) -> None:
        self._living, self._homes = living, homes
        self._held: FIFOCache[tuple[UUID, UUID], tuple[float, MemberAccess | None, bool]] = FIFOCache(
            _CAPACITY
        )
        self._keys = SharedReads(self._key)
        self.uses = KeyUses(homes)
        """When API keys were used."""
        self._of_sources: LRUCache[_KeyId, None] = LRUCache(_CAPACITY)
        """Keys that were found to be those of sources, which they are for ever."""

    async def person(
        self, *, session_id: UUID, user_id: UUID, tenant_id: UUID, expires_at: datetime
    ) -> Caller | None:
        """Who an access token names; None when their session is over, or they do not belong there any more."""
        alive = await self._living.find(session_id)
        if alive is None or alive.user_id != user_id:
            return None
        permissions = _ALONE if tenant_id != GLOBAL else _UNATTACHED
        if tenant_id != GLOBAL:
            found, asks = await self._standing(tenant_id, user_id)
            if found is None or not found.lets_in(alive.began):
                return None
            if alive.second_factor or not asks:
                permissions = found.permissions | _ALONE
        return Caller(
            tenant_id=tenant_id,
            user_id=user_id,
            permissions=permissions,
            session_id=str(session_id),
            expires_at=min(expires_at, alive.expires_at),
        )

    async def belongs(self, tenant_id: UUID, user_id: UUID, *, began: datetime | None = None) -> bool:
        """Whether a person may sign in to a tenant, or go on there in a session that ``began`` then."""
        found, _ = await self._standing(tenant_id, user_id)
        return found is not None and found.lets_in(began)

    async def key(self, text: str) -> Caller | None:
        """Who shows this API key, ``hw_<tenant>_<key>_<secret>``; None unless it is good."""
        try:
            _, tenant, id, _ = text.split("_", 3)
            tenant_id, key_id = read_hex(tenant), read_hex(id)
        except ValueError:
            return None
        key = await self._keys.get((tenant_id, key_id))
        if not _is_good(text, key):
            return None
        assert key is not None
        if isinstance(key, SourceKeyAccess):
            # Nobody has to vouch for it: a source belongs to the tenant.
            return Caller(
                tenant_id=tenant_id,
                user_id=key.source_id,
                permissions=_INGESTING,
                expires_at=key.expires_at,
                kind="key",
                key_id=key.key_id,
            )
        if not await self._vouched_for(tenant_id, key.created_by):
            return None
        self.uses.note(tenant_id, key_id)
        return Caller(
            tenant_id=tenant_id,
            user_id=key.created_by,
            permissions=key.permissions,
            expires_at=key.expires_at,
            kind="key",
        )

    async def _key(self, key: _KeyId) -> ApiKeyAccess | SourceKeyAccess | None:
        """How a key stands, whosever it is."""

        async def read(rows: PostgresRows) -> ApiKeyAccess | SourceKeyAccess | None:
            if key not in self._of_sources and (found := await key_standing(rows, *key)) is not None:
                return found
            if (source := await source_key_standing(rows, *key)) is not None:
                self._of_sources[key] = None
            return source

        found: ApiKeyAccess | SourceKeyAccess | None
        found, _ = await self._at_home(key[0], read)
        return found

    async def _at_home(
        self, tenant_id: UUID, read: Callable[[PostgresRows], Awaitable[T | None]]
    ) -> tuple[T | None, PostgresRows]:
        """What is found at a tenant's home, and the rows there. The place that a tenant was moved away from shows
        nobody of it, and this process may not have heard: it looks again before anybody is refused."""
        home = await self._homes.of(tenant_id)
        found = await read(home.rows)
        if found is None and (other := await self._homes.again(tenant_id)) is not home:
            home, found = other, await read(other.rows)
        return found, home.rows

    async def _vouched_for(self, tenant_id: UUID, user_id: UUID) -> bool:
        """Whether the maker of a key still belongs to the tenant by their own account, with what it asks of them.

        Who has none, such as a service, was given the key by the tenant.
        """
        account = await self._living.account(user_id)
        if account is None:
            return True
        _, asks = await self._standing(tenant_id, user_id)
        if account.status is not AccountStatus.OPEN:
            return False
        return tenant_id in account.tenants and (account.factor_confirmed or not asks)

    def forget(self, tenant_id: UUID, user_id: UUID) -> None:
        """Ask Postgres again where somebody stands."""
        self._living.changes.note([user_id])
        self._held.pop((tenant_id, user_id), None)

    def forget_tenants(self, tenants: Set[UUID]) -> None:
        """Ask Postgres again where the people of these tenants stand."""
        if tenants:
            self._living.changes.note(tenants)
            for known in [key for key in self._held if key[0] in tenants]:
                del self._held[known]

    async def _standing(self, tenant_id: UUID, user_id: UUID) -> tuple[MemberAccess | None, bool]:
        now = time.monotonic()
        held = self._held.get((tenant_id, user_id))
        if held is None or held[0] < now:

            async def read(rows: PostgresRows) -> MemberAccess | None:
                return await standing(rows, tenant_id, user_id)

            found, rows = await self._at_home(tenant_id, read)
            tenant = (await rows.get(Tenants, tenant_id, [(tenant_id,)])).get((tenant_id,))
            asks = tenant_id == PLATFORM or (tenant is not None and tenant.settings.get(ASKS) is True)
            held = self._held[tenant_id, user_id] = now + HOLD, found, asks
        return held[1], held[2]


def _is_good(text: str, key: ApiKeyAccess | SourceKeyAccess | None) -> bool:
    genuine = hmac.compare_digest(hash_of(text), key.secret_hash if key else "")
    if key is None or not genuine or key.revoked:
        return False
    return key.expires_at is None or key.expires_at > datetime.now(UTC)
