"""Who belongs to the tenant, in which role, and with which of its own roles besides."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.roles import Role
from domain.identity.users import User
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import POSITION, TIME, carried, removed
from projections.kit.model import CreatedAt, Index, PostgresView, Row, UpdatedAt


class MembershipRow(Row):
    """Somebody's membership of the tenant."""

    user_id: Annotated[UUID, Describe("The member.")]
    role: Annotated[BaseRole, Describe("What the member is.")]
    joined_at: Annotated[datetime, Describe("Since when.")]
    since: Annotated[int, Describe("Where in the log the member joined.")]


class Memberships(
    PostgresView[MembershipRow],
    name="tenancy.tenant_memberships",
    version=2,
    key="user_id",
    inline=True,
):
    """The tenant's members; also those who are suspended."""

    indexes = (Index("idx_memberships_role", ("role", "user_id")),)

    joined = carried(User.Registered, User.Rejoined, first=True, joined_at=TIME, since=POSITION)

    role_changed = carried(User.RoleChanged)

    left = removed(User.Removed, User.Deleted, User.Erased)


class RoleRow(Row):
    """A custom role of the tenant."""

    id: Annotated[UUID, Describe("The role's id.")]
    name: Annotated[str, Len(max_length=100), Describe("What it is called.")]
    permissions: Annotated[tuple[str, ...], Describe("The permissions that it grants, sorted by name.")]
    created_at: CreatedAt
    updated_at: UpdatedAt


class Roles(PostgresView[RoleRow], name="auth.roles", version=3, inline=True):
    """The tenant's own roles."""

    collated = {"name": ("name",)}
    indexes = (
        Index("idx_roles_name", ("name_order", "id")),
        Index("idx_roles_created_at", ("created_at", "id")),
    )

    created = carried(Role.Created, first=True)

    changed = carried(Role.Changed)

    deleted = removed(Role.Deleted)


class UserRoleRow(Row):
    """A custom role that a user has."""

    user_id: Annotated[UUID, Describe("Who has it.")]
    role_id: Annotated[UUID, Describe("The role; it may have been deleted since.")]
    granted_at: Annotated[datetime, Describe("Since when.")]


def _of_user(event: User.RoleGranted | User.RoleWithdrawn, _: object) -> tuple[UUID, UUID]:
    return event.originator_id, event.role_id


class UserRoles(
    PostgresView[UserRoleRow], name="auth.user_roles", version=1, key=("user_id", "role_id"), inline=True
):
    """Who has which of the tenant's own roles. Whoever leaves is relieved of each before."""

    indexes = (Index("idx_user_roles_role", ("role_id", "user_id")),)

    granted = carried(User.RoleGranted, by=_of_user, first=True, granted_at=TIME)

    withdrawn = removed(User.RoleWithdrawn, by=_of_user)
