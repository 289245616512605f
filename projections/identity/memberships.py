"""Who belongs to the tenant, in which role, and with which of its own roles besides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.roles import Role
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.fields import Describe, Len
from domain.kit.log import Envelope
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
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

    @on(User.Registered, User.Rejoined)
    def joined(self, row: None, event: User.Registered | User.Rejoined, envelope: Envelope) -> MembershipRow:
        return MembershipRow(
            user_id=event.originator_id,
            role=event.role,
            joined_at=event.timestamp,
            since=envelope.position,
        )

    @on(User.RoleChanged)
    def role_changed(self, row: MembershipRow, event: User.RoleChanged) -> MembershipRow:
        return replace(row, role=event.role)

    @on(User.Removed)
    def left(self, row: MembershipRow, event: Event) -> None:
        return None

    @on(User.Deleted, User.Erased)
    def gone(self, row: MembershipRow | None, event: Event) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A custom role of the tenant."""

    id: Annotated[UUID, Describe("The role's id.")]
    name: Annotated[str, Len(max_length=100), Describe("What it is called.")]
    permissions: Annotated[tuple[str, ...], Describe("The permissions that it grants, sorted by name.")]
    created_at: Annotated[datetime, Describe("When it was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed.")]


class Roles(PostgresView[RoleRow], name="auth.roles", version=2, inline=True):
    """The tenant's own roles."""

    collated = {"name": ("name",)}
    indexes = (Index("idx_roles_name", ("name_order", "id")),)

    @on(Role.Created)
    def created(self, row: None, event: Role.Created) -> RoleRow:
        return RoleRow(
            id=event.originator_id,
            name=event.name,
            permissions=event.permissions,
            created_at=event.timestamp,
            updated_at=event.timestamp,
        )

    @on(Role.Changed)
    def changed(self, row: RoleRow, event: Role.Changed) -> RoleRow:
        return replace(row, name=event.name, permissions=event.permissions, updated_at=event.timestamp)

    @on(Role.Deleted)
    def deleted(self, row: RoleRow, event: Event) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRoleRow:
    """A custom role that a person has."""

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

    @on(User.RoleGranted, by=_of_user)
    def granted(self, row: None, event: User.RoleGranted) -> UserRoleRow:
        return UserRoleRow(user_id=event.originator_id, role_id=event.role_id, granted_at=event.timestamp)

    @on(User.RoleWithdrawn, by=_of_user)
    def withdrawn(self, row: UserRoleRow, event: User.RoleWithdrawn) -> None:
        return None
