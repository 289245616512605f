"""Who asks: the tenant and person a command or query acts for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.kit.refusals import TakesAPerson

SYSTEM = UUID(int=0)
"""The user id of what nobody asked for, such as a back-fill; events then name no user."""

PLATFORM = UUID("0b5e7a70-0000-4000-8000-000000000001")
"""The tenant that operators belong to, and in which what they do is kept.

Every event belongs to a tenant, but a view holds the rows of all of them: what is done to it belongs to none. The
id is fixed, so that its people read this audit with the queries that each tenant has for its own history.
"""

ACCOUNTS = UUID("0b5e7a70-0000-4000-8000-000000000002")
"""The tenant of accounts and sessions, for a person may belong to several tenants; nobody can sign in to it."""

_NONE = UUID(int=0)
"""The tenant of who belongs to none."""

Kind = Literal["person", "service", "key", "nobody"]
"""How somebody showed who they are: by signing in, with a service's token, with an API key, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified identity. There is no other way to name a tenant than to hold one of these."""

    tenant_id: UUID
    user_id: UUID
    permissions: frozenset[str] = frozenset()
    session_id: str | None = None
    expires_at: datetime | None = None
    """Until when the identity is good; None: for the request at hand."""
    kind: Kind = "person"
    key_id: UUID | None = None
    """The key that a source of events showed; its id stands in ``user_id``."""

    @property
    def home(self) -> UUID:
        """The tenant in which the caller's own commands are kept: that of accounts, for who belongs to none."""
        return ACCOUNTS if self.tenant_id == _NONE and self.kind == "person" else self.tenant_id

    def may(self, permission: str) -> bool:
        """Whether the permission was granted; ``ops:*`` grants every permission that starts with ``ops:``."""
        area = permission.split(":", 1)[0]
        return not self.permissions.isdisjoint({permission, f"{area}:*", "*"})


NOBODY = Caller(tenant_id=SYSTEM, user_id=SYSTEM, kind="nobody")
"""Who asks without having signed in."""


def require_person(by: Caller) -> None:
    """Raise TakesAPerson for a key: what it makes, directs or lets in would outlive its revocation."""
    if by.kind == "key":
        raise TakesAPerson
