"""The commands on users.

Those that could leave a tenant without an owner take ``other_owner_id``: another owner who remains, whose stream
the append guards. Two owners who depose one another at the same moment therefore cannot both succeed.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import MembershipRole, require_held, require_role
from domain.identity.preferences import ByEmail, InApp, Look, OptOut, Seen
from domain.identity.profiles import (
    AvatarUrl,
    Bio,
    Email,
    FirstName,
    Language,
    LastName,
    Location,
    Timezone,
)
from domain.identity.roles import Role
from domain.identity.user_rules import (
    ANONYMISED_AFTER,
    RoleAlreadyGranted,
    RoleNotGranted,
    TooEarlyToAnonymise,
    UserStatus,
)
from domain.identity.users import User
from domain.kit.fields import KEPT, Describe, Kept
from domain.kit.model import Caller, Command

OtherOwner = Annotated[
    UUID | None, Describe("Another owner who remains; required when the user is an owner.")
]


class UpdateProfile(Command):
    """Change a user's profile; omitted fields stay as they are."""

    first_name: FirstName | Kept = KEPT
    last_name: LastName | Kept | None = KEPT
    avatar_url: AvatarUrl | Kept | None = KEPT
    bio: Bio | Kept | None = KEPT
    location: Location | Kept | None = KEPT
    timezone: Timezone | Kept = KEPT
    language: Language | Kept = KEPT

    def handle(self, user: User, by: Caller) -> None:
        user.require_own(by)
        user.require_kept()
        said = {name: (value or "").strip() for name, value in self.said.items()}
        if said:
            user.record(User.ProfileChanged(**said))


class ChangeUserEmail(Command):
    """Change a user's e-mail address in the tenant; the new one is unverified."""

    email: Email

    def handle(self, user: User, by: Caller) -> None:
        user.require_own(by)
        user.require_kept()
        user.record(User.EmailChanged(email=self.email.lower()))


class ConfirmUserEmail(Command):
    """Record that the person was reached at their address."""

    def handle(self, user: User) -> None:
        user.verify_email()


class ChangePreferences(Command):
    """Change a user's preferences; omitted fields stay as they are."""

    in_app: InApp | Kept = KEPT
    by_email: ByEmail | Kept = KEPT
    profile_visibility: Seen | Kept = KEPT
    analytics_opt_out: OptOut | Kept = KEPT
    theme: Look | Kept = KEPT

    def handle(self, user: User, by: Caller) -> None:
        user.require_own(by)
        user.require_kept()
        wanted = self.said
        for channel in ("in_app", "by_email"):
            if channel in wanted:
                # Switches: each is on or off, in one order.
                wanted[channel] = tuple(sorted(set(wanted[channel])))
        stands = {
            name: getattr(user, name)
            for name in ("in_app", "by_email", "profile_visibility", "analytics_opt_out", "theme")
        }
        if stands | wanted != stands:
            user.record(User.PreferencesChanged(**stands | wanted))


class ChangeUserRole(Command):
    """Change a user's built-in role; you must hold every permission of both roles."""

    role: MembershipRole
    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None, by: Caller) -> None:
        require_role(by, user.role, field="id")
        require_role(by, self.role, field="role")
        if self.role != user.role:
            user.require_another(other_owner)
        user.require_member()
        if self.role != user.role:
            user.record(User.RoleChanged(role=self.role))


class GrantRole(Command):
    """Grant a user one of the tenant's custom roles, in addition to the built-in one."""

    role_id: Annotated[UUID, Describe("The role.")]

    def handle(self, user: User, role: Role, by: Caller) -> None:
        require_held(by, role.permissions, field="role_id")
        user.require_member()
        if role.id in user.role_ids:
            raise RoleAlreadyGranted(field="role_id")
        user.record(User.RoleGranted(role_id=role.id))


class WithdrawRole(Command):
    """Withdraw one of the tenant's custom roles from a user."""

    role_id: Annotated[UUID, Describe("The role.")]

    def handle(self, user: User, role: Role, by: Caller) -> None:
        require_role(by, user.role, field="id")
        require_held(by, role.permissions, field="role_id")
        if role.id not in user.role_ids:
            raise RoleNotGranted(field="role_id")
        user.record(User.RoleWithdrawn(role_id=role.id))


class SuspendUser(Command):
    """Suspend a user: they can do nothing in the tenant until they are reactivated."""

    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None, by: Caller) -> None:
        require_role(by, user.role, field="id")
        user.require_another(other_owner)
        user.become(UserStatus.SUSPENDED)


class DeactivateUser(Command):
    """Deactivate a user, for example while they are on leave."""

    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None, by: Caller) -> None:
        require_role(by, user.role, field="id")
        user.require_another(other_owner)
        user.become(UserStatus.INACTIVE)


class ReactivateUser(Command):
    """Reactivate a suspended or inactive user, or undo a deletion before it is final."""

    def handle(self, user: User, by: Caller, now: datetime) -> None:
        require_role(by, user.role, field="id")
        if user.status is UserStatus.DELETED:
            user.restore(now)
            user.record(User.Rejoined(role=user.role))
        else:
            user.become(UserStatus.ACTIVE)


class RemoveUser(Command):
    """Remove a user, or yourself, from the tenant. They stay known and can be invited again."""

    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None, by: Caller) -> None:
        user.require_own(by, departing=True)
        user.require_another(other_owner)
        user.remove()


class DisownUser(Command):
    """End the membership of who was registered with an address that turned out to be another person's."""

    def handle(self, user: User) -> None:
        user.remove()


class DeleteUser(Command):
    """Delete a user; 30 days later they are anonymised."""

    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None, by: Caller) -> None:
        user.require_own(by, departing=True)
        user.require_another(other_owner)
        user.delete()


class AnonymiseUser(Command):
    """Take everything personal from a person who was deleted 30 days ago or earlier."""

    def handle(self, user: User, now: datetime) -> None:
        if user.deleted_at is None or now < user.deleted_at + ANONYMISED_AFTER:
            raise TooEarlyToAnonymise(field="id")
        user.record(User.Anonymised(email=f"deleted-{user.id}@deleted.local"))


class EraseUser(Command):
    """End a person's stream because their data were erased."""

    other_owner_id: OtherOwner = None

    def handle(self, user: User, other_owner: User | None) -> None:
        user.require_another(other_owner)
        user.withdraw_roles()
        user.record(User.Erased())
