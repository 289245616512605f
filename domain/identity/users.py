"""Users: the people of a tenant, what they are in it, and whether they still belong to it."""

from dataclasses import field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.identity import preferences, profiles
from domain.identity.authorization import BaseRole, MembershipRole, RoleId, is_own, require_role
from domain.identity.origins import IpAddress, Referrer, UserAgent
from domain.identity.user_rules import (
    ANONYMISED_AFTER,
    OwnerMustRemain,
    UserHasStatus,
    UserIsAMember,
    UserIsDeleted,
    UserIsSuspended,
    UserNotAMember,
    UserStatus,
)
from domain.kit.fields import Describe, Internal
from domain.kit.model import Aggregate, Caller, Event, Forbidden, Unique, applies, assigns
from domain.kit.permissions import ROLES


class User(
    Aggregate,
    topic="identity.user",
    unique=(Unique("held_email", stored_as=profiles.EMAIL_INDEX, field="email", personal=True),),
):
    """A person, as one tenant knows them. When they can sign in, their account has the same id."""

    class Registered(Event):
        email: profiles.Email
        first_name: profiles.FirstName
        last_name: profiles.LastName = ""
        registration_source: Annotated[
            str, Internal(), Describe("Through what they came: sign_up, invitation; api: entered by others.")
        ] = "api"
        role: MembershipRole = BaseRole.MEMBER
        ip_address: IpAddress = ""
        user_agent: UserAgent = ""
        referrer: Referrer = ""

        aliases = ("user.registered", "user.created")

    class ProfileChanged(Event):
        """Fields that are None stay as they were."""

        first_name: profiles.FirstName | None = None
        last_name: profiles.LastName | None = None
        avatar_url: profiles.AvatarUrl | None = None
        bio: profiles.Bio | None = None
        location: profiles.Location | None = None
        timezone: profiles.Timezone | None = None
        language: profiles.Language | None = None

    class EmailChanged(Event):
        email: profiles.Email

    class EmailVerified(Event): ...

    class PreferencesChanged(Event):
        in_app: preferences.InApp
        by_email: preferences.ByEmail
        profile_visibility: preferences.Seen
        analytics_opt_out: preferences.OptOut
        theme: preferences.Look

    class RoleChanged(Event):
        role: MembershipRole

    class RoleGranted(Event):
        role_id: RoleId

    class RoleWithdrawn(Event):
        role_id: RoleId

    class Suspended(Event): ...

    class Deactivated(Event): ...

    class Reactivated(Event): ...

    class Removed(Event): ...

    class Rejoined(Event):
        role: MembershipRole

    class Deleted(Event): ...

    class Anonymised(Event, ends=True):
        email: Annotated[str, Internal(), Describe("An address that says nothing of the person.")]

    class Erased(Event, ends=True): ...

    class_version = 3

    email: str
    """Sealed once it is in the log: it may be held and released, but not compared."""
    email_verified: bool = False
    role: BaseRole = BaseRole.MEMBER
    role_ids: set[UUID] = field(default_factory=set)
    status: UserStatus = UserStatus.ACTIVE
    member: bool = True
    deleted_at: datetime | None = None
    left_at: datetime | None = None
    """When the person last ceased to be a member."""
    lost_rights_at: datetime | None = None
    """When the person last ceased to be allowed something, as by leaving, a suspension or a lesser role."""
    in_app: tuple[preferences.Notice, ...] = preferences.EVERY_NOTICE
    by_email: tuple[preferences.Notice, ...] = preferences.MAILED_NOTICES
    profile_visibility: preferences.ProfileVisibility = preferences.ProfileVisibility.EVERYONE
    analytics_opt_out: bool = False
    theme: preferences.Theme = preferences.Theme.SYSTEM

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Names are no longer part of what is decided on. Snapshots are plain JSON, hence Any."""
        state.pop("first_name", None)
        state.pop("last_name", None)

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """When a membership ended is remembered."""
        state.setdefault("left_at", None)
        state.setdefault("lost_rights_at", None)

    @property
    def held_email(self) -> str | None:
        """The address that nobody else in the tenant can have, until it is given up."""
        given_up = self.status is UserStatus.DELETED or self.email == self.moved_email
        return None if given_up else self.email

    @property
    def moved_email(self) -> str:
        """What stands in place of an address that was handed over."""
        return f"moved-{self.id}@deleted.local"

    @property
    def works(self) -> bool:
        """Whether the person is a member who may work."""
        return self.member and self.status is UserStatus.ACTIVE

    def lost_rights_since(self, moment: datetime) -> bool:
        """Whether the person ceased to be allowed something then or later."""
        return self.lost_rights_at is not None and self.lost_rights_at >= moment

    @property
    def owns(self) -> bool:
        """Whether they are one of the owners that a tenant cannot do without."""
        return self.role == BaseRole.OWNER and self.works

    def require_kept(self) -> None:
        """Raise UserIsDeleted once the person was deleted."""
        if self.status is UserStatus.DELETED:
            raise UserIsDeleted(field="id")

    def require_member(self) -> None:
        """Raise UserIsDeleted or UserNotAMember unless the person belongs to the tenant."""
        self.require_kept()
        if not self.member:
            raise UserNotAMember(field="id")

    def require_present(self, *, field: str) -> None:
        """Raise a refusal for who was deleted, has left or is suspended; who is on leave may be named."""
        if self.status is UserStatus.DELETED:
            raise UserIsDeleted(field=field)
        if not self.member:
            raise UserNotAMember(field=field)
        if self.status is UserStatus.SUSPENDED:
            raise UserIsSuspended(field=field)

    def require_own(self, by: Caller, *, departing: bool = False) -> None:
        """Raise Forbidden or NotYoursToGive unless it is the caller, or one who may administer them. A key that
        may act as who made it does not end them (``departing``)."""
        if not is_own(by, self.id) or (departing and by.kind == "key"):
            if not by.may("users:write"):
                raise Forbidden(field="id", permission="users:write")
            require_role(by, self.role, field="id")

    def require_another(self, owner: "User | None") -> None:
        """Raise OwnerMustRemain unless this is no owner, or another active one is named.

        The other's stream is guarded by the append: should they stop being one at the same moment, one of the
        two commands is decided again, and refused.
        """
        if self.owns and (owner is None or owner.id == self.id or not owner.owns):
            raise OwnerMustRemain(field="other_owner_id")

    def verify_email(self) -> None:
        self.require_kept()
        if not self.email_verified:
            self.record(self.EmailVerified())

    def become(self, status: UserStatus) -> None:
        """Take one of the statuses from which a person can come back. Raises UserHasStatus for the same."""
        self.require_kept()
        if self.status is status:
            raise UserHasStatus(field="id", status=status)
        events = {
            UserStatus.ACTIVE: self.Reactivated,
            UserStatus.INACTIVE: self.Deactivated,
            UserStatus.SUSPENDED: self.Suspended,
        }
        self.record(events[status]())

    def restore(self, now: datetime) -> None:
        """Take a deletion back, as long as the person's data are kept. Raises UserIsDeleted."""
        if self.deleted_at is None or now >= self.deleted_at + ANONYMISED_AFTER:
            raise UserIsDeleted(field="id")
        self.record(self.Reactivated())

    def remove(self) -> None:
        self.require_member()
        self.withdraw_roles()
        self.record(self.Removed())

    def rejoin(self, role: BaseRole, now: datetime) -> None:
        """Belong to the tenant in this role: again, or as somebody whom it had registered without an account."""
        if self.status is UserStatus.DELETED:
            self.restore(now)
        if not self.member:
            self.record(self.Rejoined(role=role))
        elif self.status is not UserStatus.ACTIVE:
            raise UserIsAMember(field="id")
        elif role != self.role:
            self.record(self.RoleChanged(role=role))

    def hand_address_over(self) -> None:
        """Give the address up to who has proved that it is theirs. Who was known by nothing else leaves."""
        self.require_kept()
        self.record(self.EmailChanged(email=self.moved_email))
        if self.member:
            self.withdraw_roles()
            self.record(self.Removed())

    def delete(self) -> None:
        self.require_kept()
        self.withdraw_roles()
        self.record(self.Deleted())

    def withdraw_roles(self) -> None:
        for role_id in sorted(self.role_ids):
            self.record(self.RoleWithdrawn(role_id=role_id))

    changed = assigns(Registered, PreferencesChanged, Anonymised)

    @applies(EmailChanged)
    def _email_changed(self, event: EmailChanged) -> None:
        self.email, self.email_verified = event.email, False

    @applies(EmailVerified)
    def _email_verified(self, event: EmailVerified) -> None:
        self.email_verified = True

    @applies(RoleChanged)
    def _role_changed(self, event: RoleChanged) -> None:
        if not ROLES[self.role] <= ROLES[event.role]:
            self.lost_rights_at = event.timestamp
        self.role = event.role

    @applies(RoleGranted)
    def _granted(self, event: RoleGranted) -> None:
        self.role_ids = self.role_ids | {event.role_id}

    @applies(RoleWithdrawn)
    def _withdrawn(self, event: RoleWithdrawn) -> None:
        self.role_ids = self.role_ids - {event.role_id}
        self.lost_rights_at = event.timestamp

    @applies(Reactivated)
    def _reactivated(self, event: Reactivated) -> None:
        self.status, self.deleted_at = UserStatus.ACTIVE, None

    @applies(Deactivated)
    def _deactivated(self, event: Deactivated) -> None:
        self.status, self.lost_rights_at = UserStatus.INACTIVE, event.timestamp

    @applies(Suspended)
    def _suspended(self, event: Suspended) -> None:
        self.status, self.lost_rights_at = UserStatus.SUSPENDED, event.timestamp

    @applies(Removed)
    def _removed(self, event: Removed) -> None:
        self.member, self.left_at, self.lost_rights_at = False, event.timestamp, event.timestamp

    @applies(Rejoined)
    def _rejoined(self, event: Rejoined) -> None:
        self.member, self.role = True, event.role

    @applies(Deleted)
    def _deleted(self, event: Deleted) -> None:
        self.status, self.member, self.deleted_at = UserStatus.DELETED, False, event.timestamp
        self.left_at = self.lost_rights_at = event.timestamp

    @applies(Erased)
    def _erased(self, event: Erased) -> None:
        self.email, self.member, self.status = "", False, UserStatus.DELETED
