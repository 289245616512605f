"""Users as the product decides on them: whether they may work, in which role, and how they are found."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Opened, Personal
from domain.kit.sealed import fingerprint_of, is_sealed
from projections.kit.declare.folds import TIME, carried, on, stamped
from projections.kit.model import Check, CreatedAt, Index, PostgresView, Row, UpdatedAt, replace

STATUSES = Check("valid_status", "status in ('active', 'inactive', 'suspended', 'deleted')")
NEW_STATUS: dict[type[Event], UserStatus] = {
    User.Suspended: UserStatus.SUSPENDED,
    User.Deactivated: UserStatus.INACTIVE,
    User.Reactivated: UserStatus.ACTIVE,
    User.Deleted: UserStatus.DELETED,
}
"""The status that a user has after an event."""


class UserRow(Row):
    """A user of the tenant."""

    id: Annotated[UUID, Describe("The user's id.")]
    email: Annotated[str, Confidential(), Personal(), Describe("Where mail reaches the user.")]
    email_key: Annotated[str, Confidential(), Describe("By what the address is found.")]
    email_verified: Annotated[bool, Describe("Whether the user was reached there.")] = False
    status: Annotated[UserStatus, Describe("Whether the user may work.")] = UserStatus.ACTIVE
    role: Annotated[BaseRole, Describe("What the user is in the tenant.")]
    profile_visibility: Annotated[str, Len(max_length=20), Describe("Who sees the profile.")] = "everyone"
    sessions_after: Annotated[
        datetime | None, Describe("Sessions begun by then are over in this tenant; null: none is.")
    ] = None
    created_at: Annotated[CreatedAt, Describe("When the user was registered.")]
    updated_at: Annotated[UpdatedAt, Describe("When anything of the user last changed.")]


def found_by(email: str) -> str:
    """By what an address as an event holds it is found: its fingerprint, or itself where it is not sealed."""
    return (fingerprint_of(email) or "") if is_sealed(email) else email


class Users(PostgresView[UserRow], name="users.users", version=2, inline=True):
    """Every user as they are now; deleted ones keep their row."""

    checks = (STATUSES,)
    indexes = (
        Index("idx_users_email", ("email_key",)),
        # By the address's fingerprint: the address itself is sealed again each time, so no index finds it.
        Index("idx_users_email_status", ("email_key", "status"), where="status = 'active'"),
        Index("idx_users_status", ("status", "id")),
    )

    @on(User.Registered, first=True)
    def registered(self, row: None, event: User.Registered) -> UserRow:
        return UserRow(
            id=event.originator_id,
            email=event.email,
            email_key=found_by(event.email),
            role=event.role,
            created_at=event.timestamp,
            updated_at=event.timestamp,
        )

    changed = carried(User.RoleChanged, User.Rejoined, User.PreferencesChanged)
    removed = carried(User.Removed, sessions_after=TIME)

    @on(User.EmailChanged, User.Anonymised)
    def email_changed(self, row: UserRow, event: User.EmailChanged | User.Anonymised) -> UserRow:
        return replace(
            row,
            email=event.email,
            email_key=found_by(event.email),
            email_verified=False,
            updated_at=event.timestamp,
        )

    email_verified = carried(User.EmailVerified, email_verified=True)

    # What ended here does not come back when the person does.
    suspended = carried(User.Suspended, status=UserStatus.SUSPENDED, sessions_after=TIME)
    deactivated = carried(User.Deactivated, status=UserStatus.INACTIVE, sessions_after=TIME)
    deleted = carried(User.Deleted, status=UserStatus.DELETED, sessions_after=TIME)

    # Nor does a session that was begun at the very moment of the suspension.
    reactivated = carried(User.Reactivated, status=UserStatus.ACTIVE, sessions_after=TIME)

    other_changed = stamped(User.ProfileChanged, User.RoleGranted, User.RoleWithdrawn)

    erased = carried(User.Erased, email="", email_key="", status=UserStatus.DELETED, sessions_after=TIME)


class FlatUserRow(Row):
    """A user in one flat row, for those who read by SQL."""

    user_id: Annotated[str, Len(max_length=36), Describe("The user's id, as text of 36 characters.")]
    email: Annotated[str, Confidential(), Personal(), Describe("Where mail reaches the user.")]
    first_name: Annotated[str, Opened(), Describe("The first name.")]
    last_name: Annotated[str, Opened(), Describe("The last name; may be empty.")]
    status: Annotated[UserStatus, Describe("Whether the user may work.")]
    created_at: Annotated[CreatedAt, Describe("When the user was registered.")]
    updated_at: Annotated[UpdatedAt, Describe("When anything of the user last changed.")]


def _text_id(event: Event, _: object) -> str:
    return str(event.originator_id)


class FlatUsers(PostgresView[FlatUserRow], name="users.flat_users", version=1, key="user_id"):
    """Users with their names beside them."""

    checks = (STATUSES,)
    indexes = (Index("idx_flat_users_status", ("status", "user_id")),)

    registered = carried(User.Registered, by=_text_id, first=True, status=UserStatus.ACTIVE)

    @on(User.ProfileChanged, by=_text_id)
    def profile_changed(self, row: FlatUserRow, event: User.ProfileChanged) -> FlatUserRow:
        return replace(
            row,
            first_name=row.first_name if event.first_name is None else event.first_name,
            last_name=row.last_name if event.last_name is None else event.last_name,
            updated_at=event.timestamp,
        )

    email_changed = carried(User.EmailChanged, by=_text_id)

    @on(*NEW_STATUS, by=_text_id)
    def status_changed(self, row: FlatUserRow, event: Event) -> FlatUserRow:
        return replace(row, status=NEW_STATUS[type(event)], updated_at=event.timestamp)

    other_changed = stamped(
        User.EmailVerified,
        User.PreferencesChanged,
        User.RoleChanged,
        User.RoleGranted,
        User.RoleWithdrawn,
        User.Removed,
        User.Rejoined,
        by=_text_id,
    )

    @on(User.Anonymised, User.Erased, by=_text_id)
    def forgotten(self, row: FlatUserRow, event: User.Anonymised | User.Erased) -> FlatUserRow:
        return replace(
            row,
            email=event.email if isinstance(event, User.Anonymised) else "",
            first_name="",
            last_name="",
            status=UserStatus.DELETED,
            updated_at=event.timestamp,
        )
