"""What somebody may do in a tenant at this moment, read in one round trip from tables that are never behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.user_rules import UserStatus
from domain.kit.caller import PLATFORM
from domain.kit.permissions import OPERATORS, ROLES
from projections.identity.admission import ApiKeys
from projections.identity.memberships import Memberships, Roles, UserRoles
from projections.identity.users import Users
from projections.kit.model import PostgresView
from projections.kit.read.postgres_reader import PostgresRows

_VIEWS: Mapping[str, type[PostgresView[Any]]] = {
    "users": Users,
    "memberships": Memberships,
    "user_roles": UserRoles,
    "roles": Roles,
    "api_keys": ApiKeys,
}

_STANDING = """
select u.id as user_id, u.status, u.sessions_after, m.role,
       array(select distinct p from {user_roles} ur
               join {roles} r on r.tenant_id = ur.tenant_id and r.id = ur.role_id
              cross join unnest(r.permissions) p
              where ur.tenant_id = u.tenant_id and ur.user_id = u.id) as granted
  from {users} u
  left join {memberships} m on m.tenant_id = u.tenant_id and m.user_id = u.id
 where u.tenant_id = $1 and u.id = $2
"""
_KEY = f"""
select k.id as key_id, k.secret_hash, k.permissions as allowed, k.expires_at, k.revoked_at is not null as revoked,
       s.user_id, s.status, s.sessions_after, s.role, s.granted
  from {{api_keys}} k cross join lateral ({_STANDING.replace("$2", "k.created_by")}) s
 where k.tenant_id = $1 and k.id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAccess:
    """How somebody stands in a tenant; ``role`` is None, and ``permissions`` empty, for who has left it.

    Whoever is not active has no permissions either.
    """

    user_id: UUID
    status: UserStatus
    role: BaseRole | None
    permissions: frozenset[str]
    sessions_after: datetime | None = None
    """A session of theirs that was begun by then is over in this tenant."""

    def lets_in(self, began: datetime | None = None) -> bool:
        """Whether they may act in the tenant, in a session that began then or begins now.

        Who was suspended, on leave or removed signs in again: what was opened before, by whomever, is over here,
        while the same session goes on in other tenants. By time, for a tenant's own log counts no sessions.
        """
        if self.status is not UserStatus.ACTIVE or self.role is None:
            return False
        return began is None or self.sessions_after is None or began > self.sessions_after


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyAccess:
    """How an API key stands: what it allows is never more than what its maker may do now."""

    key_id: UUID
    created_by: UUID
    secret_hash: str
    """The SHA-256 of the whole key, in hexadecimal digits; compare it in constant time."""
    expires_at: datetime
    revoked: bool
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    user_id: UUID
    status: UserStatus
    sessions_after: datetime | None
    role: BaseRole | None
    granted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _FoundKey(_Found):
    key_id: UUID
    secret_hash: str
    allowed: tuple[str, ...]
    expires_at: datetime
    revoked: bool


async def standing(rows: PostgresRows, tenant_id: UUID, user_id: UUID) -> MemberAccess | None:
    """How somebody stands in a tenant; None when it never knew them."""
    found = await rows.select(_VIEWS, tenant_id, _STANDING, user_id, shape=_Found)
    return _standing(tenant_id, found[0]) if found else None


async def key_standing(rows: PostgresRows, tenant_id: UUID, key_id: UUID) -> ApiKeyAccess | None:
    """How an API key stands; None when the tenant has none of this id."""
    found = await rows.select(_VIEWS, tenant_id, _KEY, key_id, shape=_FoundKey)
    if not found:
        return None
    key = found[0]
    return ApiKeyAccess(
        key_id=key.key_id,
        created_by=key.user_id,
        secret_hash=key.secret_hash,
        expires_at=key.expires_at,
        revoked=key.revoked,
        permissions=_standing(tenant_id, key).permissions & frozenset(key.allowed),
    )


def _standing(tenant_id: UUID, found: _Found) -> MemberAccess:
    permissions: frozenset[str] = frozenset()
    if found.status is UserStatus.ACTIVE and found.role is not None:
        permissions = ROLES[found.role] | frozenset(found.granted)
    if tenant_id != PLATFORM:
        permissions = frozenset(
            permission for permission in permissions if permission.partition(":")[0] != OPERATORS
        )
    return MemberAccess(
        user_id=found.user_id,
        status=found.status,
        role=found.role,
        permissions=permissions,
        sessions_after=found.sessions_after,
    )
