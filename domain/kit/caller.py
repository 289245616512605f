"""Who asks: the tenant and person a command or query acts for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SYSTEM = UUID(int=0)
"""The user id of what nobody asked for, such as a back-fill; events then name no user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified identity. There is no other way to name a tenant than to hold one of these."""

    tenant_id: UUID
    user_id: UUID
    permissions: frozenset[str] = frozenset()
    session_id: str | None = None
    expires_at: datetime | None = None
    """Until when the identity is good; None: for the request at hand."""

    def may(self, permission: str) -> bool:
        """Whether the permission was granted; ``ops:*`` grants every permission that starts with ``ops:``."""
        area = permission.split(":", 1)[0]
        return not self.permissions.isdisjoint({permission, f"{area}:*", "*"})
