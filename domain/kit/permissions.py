"""Permissions, and the roles that every tenant has from the start."""

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "self": "Whatever concerns the caller alone; everybody who is signed in has it.",
    "work:read": "Read tasks and projects that are public, or that one belongs to.",
    "work:write": "Create and change tasks and projects.",
    "work:confidential": "Read descriptions.",
    "work:all": "Read and change private projects without belonging to them.",
    "people:read": "See who belongs to the tenant.",
    "people:confidential": "Read the e-mail addresses of others.",
    "people:write": "Invite, suspend and remove people, and say which roles they have.",
    "tenant:read": "Read the tenant's settings and feature flags.",
    "tenant:write": "Change the tenant's settings and feature flags.",
    "billing:read": "Read the subscription and its invoices.",
    "billing:write": "End the subscription.",
    "keys:read": "List API keys.",
    "keys:write": "Create and revoke API keys.",
    "audit:read": "Read who did and who read what.",
    "privacy:read": "Read consents, exports and erasures of others.",
    "privacy:write": "Record consents for others, export and erase people.",
    "ops:views": "See how the views stand.",
    "ops:rebuild": "Rebuild views, and roll them back.",
    "ops:repair": "Retry or discard what could not be folded.",
    "ops:tenants": "Create, list, move, suspend, reactivate and close tenants.",
    "ops:accounts": "Suspend accounts, and take away second factors that people have lost.",
    "ops:payments": "Say what a tenant subscribes to, what it is asked to pay, and what it has paid.",
}
"""Every permission that can be granted, with what it allows."""

OPERATORS = "ops"
"""The area whose permissions are about all tenants; only members of the platform's own tenant can have them."""

_GUEST = frozenset({"self", "work:read", "people:read"})
_MEMBER = _GUEST | {"work:write", "work:confidential", "tenant:read"}
_ADMIN = _MEMBER | {
    "work:all",
    "people:confidential",
    "people:write",
    "tenant:write",
    "billing:read",
    "keys:read",
    "keys:write",
    "audit:read",
    "privacy:read",
    "privacy:write",
}

ROLES: Mapping[str, frozenset[str]] = {
    "owner": _ADMIN | {"billing:write"},
    "admin": _ADMIN,
    "member": _MEMBER,
    "guest": _GUEST,
    "operator": _ADMIN | {permission for permission in PERMISSIONS if permission.startswith(f"{OPERATORS}:")},
}
"""The base roles; ``operator`` exists in the platform's own tenant alone."""


def confidential(area: str) -> str:
    """The permission that reads the confidential fields of an area, as ``work:confidential``.

    Raises LookupError for an area without one, or whose one no role has: its fields would be masked for everybody.
    """
    permission = f"{area}:confidential"
    if permission not in PERMISSIONS:
        raise LookupError(f"No permission is called {permission!r}, so nobody could read what it is for.")
    if not any(permission in granted for granted in ROLES.values()):
        raise LookupError(f"No role has {permission}, so nobody could read what it is for.")
    return permission
