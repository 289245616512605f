"""Who may give which rights: nobody gives, or takes, what they do not hold themselves."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.caller import PLATFORM, Caller
from domain.kit.fields import Describe, Internal, Len
from domain.kit.permissions import OPERATORS, PERMISSIONS, ROLES
from domain.kit.refusals import Refusal


class BaseRole(StrEnum):
    """A user's built-in role in a tenant. `OPERATOR` exists only in the platform's own tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"
    OPERATOR = "operator"


MembershipRole = Annotated[BaseRole, Internal(), Describe("The user's built-in role.")]
Permissions = Annotated[
    tuple[Annotated[str, Len(1, 50)], ...],
    Len(0, 100),
    Internal(),
    Describe("Permissions, such as `work:read`."),
]
RoleId = Annotated[UUID, Internal(), Describe("A custom role of the tenant.")]


class PermissionUnknown(Refusal):
    """There is no permission {permission}."""


class NotYoursToGive(Refusal):
    """You cannot give or take what you do not hold yourself: {missing}."""


class OnlyForOperators(Refusal):
    """Permissions and roles of operators exist in the platform's own tenant alone."""


def is_own(by: Caller, user_id: UUID) -> bool:
    """Whether it is the caller's own affair. A key acts for its creator, but as them only if it says ``self``."""
    return by.user_id == user_id and (by.kind != "key" or by.may("self"))


def require_role(by: Caller, role: str, *, field: str) -> None:
    """Raise NotYoursToGive or OnlyForOperators unless the caller may give or take this base role."""
    if role == BaseRole.OPERATOR and by.tenant_id != PLATFORM:
        raise OnlyForOperators(field=field)
    require_held(by, ROLES[role], field=field)


def require_known(permissions: Iterable[str]) -> None:
    """Raise PermissionUnknown or OnlyForOperators unless a tenant can grant each of these permissions."""
    for permission in permissions:
        if permission.partition(":")[0] == OPERATORS:
            raise OnlyForOperators(field="permissions")
        if permission not in PERMISSIONS:
            raise PermissionUnknown(field="permissions", permission=permission)


def require_held(by: Caller, permissions: Iterable[str], *, field: str) -> None:
    """Raise NotYoursToGive, naming what is missing, unless the caller holds each of these permissions."""
    missing = sorted(permission for permission in permissions if not by.may(permission))
    if missing:
        raise NotYoursToGive(field=field, missing=", ".join(missing))
