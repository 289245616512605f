"""People as other contexts show them: a name behind an id."""

from typing import Annotated
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Opened, Personal
from projections.identity.users import NEW_STATUS, STATUSES
from projections.kit.declare.folds import carried, on
from projections.kit.model import CreatedAt, Index, PostgresView, Row, replace


class PersonRow(Row):
    """A user of the tenant."""

    id: Annotated[UUID, Describe("The user's id.")]
    email: Annotated[str, Confidential(), Personal(), Describe("The user's e-mail address.")]
    first_name: Annotated[str, Opened(), Describe("The first name, until the user is erased.")]
    last_name: Annotated[str, Opened(), Describe("The last name, if there is one.")]
    status: Annotated[UserStatus, Describe("The user's status.")] = UserStatus.ACTIVE
    role: Annotated[BaseRole, Describe("The user's built-in role, or their last one.")]
    is_member: Annotated[bool, Describe("Whether the user is a member of the tenant now.")] = True
    created_at: Annotated[CreatedAt, Describe("When the user was registered in the tenant.")]


class People(PostgresView[PersonRow], name="users.people", version=3):
    """Everybody in the tenant; who left or was forgotten keeps their row, so that ids still mean somebody."""

    checks = (STATUSES,)
    collated = {"last_name": ("last_name", "first_name")}
    indexes = (
        Index("idx_people_name", ("last_name_order", "id")),
        Index("idx_people_created_at", ("created_at", "id")),
        Index("idx_people_role", ("role", "status")),
    )

    registered = carried(User.Registered, first=True)

    changed = carried(User.EmailChanged, User.RoleChanged)

    @on(User.ProfileChanged)
    def profile_changed(self, row: PersonRow, event: User.ProfileChanged) -> PersonRow:
        if event.first_name is None and event.last_name is None:
            return row
        return replace(
            row,
            first_name=row.first_name if event.first_name is None else event.first_name,
            last_name=row.last_name if event.last_name is None else event.last_name,
        )

    @on(*NEW_STATUS)
    def status_changed(self, row: PersonRow, event: Event) -> PersonRow:
        status = NEW_STATUS[type(event)]
        return replace(row, status=status, is_member=row.is_member and status is not UserStatus.DELETED)

    left = carried(User.Removed, is_member=False)

    rejoined = carried(User.Rejoined, is_member=True)

    @on(User.Anonymised, User.Erased)
    def forgotten(self, row: PersonRow, event: User.Anonymised | User.Erased) -> PersonRow:
        return replace(
            row,
            email=event.email if isinstance(event, User.Anonymised) else "",
            first_name="",
            last_name="",
            status=UserStatus.DELETED,
            is_member=False,
        )
