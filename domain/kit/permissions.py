"""Permissions, which contexts declare, and the roles that every tenant has from the start."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

OPERATORS = "ops"
"""The area whose permissions are about all tenants; only members of the platform's own tenant can have them."""

Holder = Literal["guest", "member", "admin", "owner", "operator"]

_HOLDERS: Mapping[Holder, tuple[str, ...]] = {
    "guest": ("guest", "member", "admin", "owner", "operator"),
    "member": ("member", "admin", "owner", "operator"),
    "admin": ("admin", "owner", "operator"),
    "owner": ("owner",),
    "operator": ("operator",),
}
"""The base roles that have what is granted from a role on. Operators are no owners of what tenants pay for."""
_NAME = re.compile("[a-z_]+:[a-z_]+")


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that can be granted, as ``Permission("work:read", "Read tasks and projects.", "guest")``.

    Raises TypeError for a name that is not ``area:verb``, and for an operators' permission that others have.
    """

    name: str
    allows: str
    """What it allows, as one sentence."""
    held_from: Holder
    """The least of the base roles that have it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TypeError(f"{self.name!r} is not area:verb.")
        if (self.name.partition(":")[0] == OPERATORS) != (self.held_from == "operator"):
            raise TypeError(
                f"Operators, and nobody else, have what is called {OPERATORS}:..., unlike {self.name}."
            )


_SELF = "self"
_permissions = {_SELF: "Whatever concerns the caller alone; everybody who is signed in has it."}
_declared_by = {_SELF: "domain.kit"}
_roles: dict[str, frozenset[str]] = dict.fromkeys(_HOLDERS["guest"], frozenset({_SELF}))

PERMISSIONS: Mapping[str, str] = MappingProxyType(_permissions)
"""Every permission that can be granted, with what it allows. All of them are known with `domain.contexts`."""

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(_roles)
"""The base roles; ``operator`` exists in the platform's own tenant alone."""


def declare(package: str, permissions: Iterable[Permission]) -> None:
    """Let the permissions of a context be granted. Raises TypeError for one that another context has."""
    for permission in permissions:
        name = permission.name
        if _declared_by.setdefault(name, package) != package:
            raise TypeError(f"permissions: {package} has {name}, and so has {_declared_by[name]}.")
        _permissions[name] = permission.allows
        for role in _HOLDERS[permission.held_from]:
            _roles[role] |= {name}


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
