"""Users: the people of a tenant, what they are in it, and whether they still belong to it."""

from dataclasses import field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.identity.authorization import BaseRole, MembershipRole, is_own, require_role
from domain.identity.origins import IpAddress, Referrer, UserAgent
from domain.identity.preferences import (
    EVERY_NOTICE,
    MAILED_NOTICES,
    ByEmail,
    InApp,
    Look,
    Notice,
    OptOut,
    ProfileVisibility,
    Seen,
    Theme,
)
from domain.identity.profiles import (
    EMAIL_INDEX,
    AvatarUrl,
    Bio,
    Email,
    FirstName,
    Language,
    LastName,
    Location,
    Timezone,
)
from domain.identity.user_rules import (
    ANONYMISED_AFTER,
    OwnerMustRemain,
    RoleAlreadyGranted,
    RoleNotGranted,
    TooEarlyToAnonymise,
    UserHasStatus,
    UserIsAMember,
    UserIsDeleted,
    UserIsSuspended,
    UserNotAMember,
    UserStatus,
)
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.caller import Caller
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal
from domain.kit.permissions import ROLES
from domain.kit.refusals import Forbidden

RoleId = Annotated[UUID, Internal(), Describe("A custom role of the tenant.")]


class User(Aggregate, topic="identity.user"):
    """A person, as one tenant knows them. When they can sign in, their account has the same id."""

    class Registered(Event):
        email: Email
        first_name: FirstName
        last_name: LastName = ""
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

        first_name: FirstName | None = None
        last_name: LastName | None = None
        avatar_url: AvatarUrl | None = None
        bio: Bio | None = None
        location: Location | None = None
        timezone: Timezone | None = None
        language: Language | None = None

    class EmailChanged(Event):
        email: Email

    class EmailVerified(Event): ...

    class PreferencesChanged(Event):
        in_app: InApp
        by_email: ByEmail
        profile_visibility: Seen
        analytics_opt_out: OptOut
        theme: Look

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
    """Sealed once it is in the log: it may be released, but not compared."""
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
    in_app: tuple[Notice, ...] = EVERY_NOTICE
    by_email: tuple[Notice, ...] = MAILED_NOTICES
    profile_visibility: ProfileVisibility = ProfileVisibility.EVERYONE
    analytics_opt_out: bool = False
    theme: Theme = Theme.SYSTEM

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
    def works(self) -> bool:
        """Whether the person is a member who may work."""
        return self.member and self.status is UserStatus.ACTIVE

    def left_since(self, moment: datetime) -> bool:
        """Whether the person ceased to be a member then or later."""
        return self.left_at is not None and self.left_at >= moment

    def lost_rights_since(self, moment: datetime) -> bool:
        """Whether the person ceased to be allowed something then or later."""
        return self.lost_rights_at is not None and self.lost_rights_at >= moment

    @property
    def owns(self) -> bool:
        """Whether they are one of the owners that a tenant cannot do without."""
        return self.role == BaseRole.OWNER and self.member and self.status is UserStatus.ACTIVE

    def require_kept(self) -> None:
        """Raises UserIsDeleted once the person was deleted."""
        if self.status is UserStatus.DELETED:
            raise UserIsDeleted(field="id")

    def require_member(self) -> None:
        """Raises UserIsDeleted or UserNotAMember unless the person belongs to the tenant."""
        self.require_kept()
        if not self.member:
            raise UserNotAMember(field="id")

    def require_present(self, *, field: str) -> None:
        """Raises a refusal for who was deleted, has left or is suspended; who is on leave may be named."""
        if self.status is UserStatus.DELETED:
            raise UserIsDeleted(field=field)
        if not self.member:
            raise UserNotAMember(field=field)
        if self.status is UserStatus.SUSPENDED:
            raise UserIsSuspended(field=field)

    def require_own(self, by: Caller) -> None:
        """Raises Forbidden or NotYoursToGive unless it is the caller, or one who may administer them."""
        if not is_own(by, self.id):
            if not by.may("people:write"):
                raise Forbidden(field="id", permission="people:write")
            require_role(by, self.role, field="id")

    def require_another(self, owner: "User | None") -> None:
        """Raises OwnerMustRemain unless this is no owner, or another active one is named.

        The other's stream is guarded by the append: should they stop being one at the same moment, one of the
        two commands is decided anew, and refused.
        """
        if self.owns and (owner is None or owner.id == self.id or not owner.owns):
            raise OwnerMustRemain(field="other_owner_id")

    def _end_membership(self) -> None:
        for role_id in sorted(self.role_ids):
            self.record(self.RoleWithdrawn(role_id=role_id))

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.email, self.role = event.email, event.role

    def change_email(self, email: str) -> None:
        self.require_kept()
        self.release(EMAIL_INDEX, self.email, personal=True)
        self.record(self.EmailChanged(email=email))
        self.reserve(EMAIL_INDEX, email, field="email", personal=True)

    @applies(EmailChanged)
    def _email_changed(self, event: EmailChanged) -> None:
        self.email, self.email_verified = event.email, False

    def verify_email(self) -> None:
        self.require_kept()
        if not self.email_verified:
            self.record(self.EmailVerified())

    @applies(EmailVerified)
    def _email_verified(self, event: EmailVerified) -> None:
        self.email_verified = True

    @applies(PreferencesChanged)
    def _preferences_changed(self, event: PreferencesChanged) -> None:
        self.in_app, self.by_email, self.theme = event.in_app, event.by_email, event.theme
        self.profile_visibility, self.analytics_opt_out = event.profile_visibility, event.analytics_opt_out

    def change_role(self, role: BaseRole) -> None:
        self.require_member()
        if role != self.role:
            self.record(self.RoleChanged(role=role))

    @applies(RoleChanged)
    def _role_changed(self, event: RoleChanged) -> None:
        if not ROLES[self.role] <= ROLES[event.role]:
            self.lost_rights_at = event.timestamp
        self.role = event.role

    def grant(self, role_id: UUID) -> None:
        self.require_member()
        if role_id in self.role_ids:
            raise RoleAlreadyGranted(field="role_id")
        self.record(self.RoleGranted(role_id=role_id))

    @applies(RoleGranted)
    def _granted(self, event: RoleGranted) -> None:
        self.role_ids = self.role_ids | {event.role_id}

    def withdraw(self, role_id: UUID) -> None:
        if role_id not in self.role_ids:
            raise RoleNotGranted(field="role_id")
        self.record(self.RoleWithdrawn(role_id=role_id))

    @applies(RoleWithdrawn)
    def _withdrawn(self, event: RoleWithdrawn) -> None:
        self.role_ids = self.role_ids - {event.role_id}
        self.lost_rights_at = event.timestamp

    def become(self, status: UserStatus) -> None:
        """Takes one of the statuses from which a person can come back. Raises UserHasStatus for the same."""
        self.require_kept()
        if self.status is status:
            raise UserHasStatus(field="id", status=status)
        match status:
            case UserStatus.ACTIVE:
                self.record(self.Reactivated())
            case UserStatus.INACTIVE:
                self.record(self.Deactivated())
            case UserStatus.SUSPENDED:
                self.record(self.Suspended())
            case UserStatus.DELETED:
                self.delete()

    def restore(self, now: datetime) -> None:
        """Takes a deletion back, as long as the person's data are kept. Raises UserIsDeleted."""
        if self.deleted_at is None or now >= self.deleted_at + ANONYMISED_AFTER:
            raise UserIsDeleted(field="id")
        self.record(self.Reactivated())
        self.reserve(EMAIL_INDEX, self.email, field="email", personal=True)

    @applies(Reactivated)
    def _reactivated(self, event: Reactivated) -> None:
        self.status, self.deleted_at = UserStatus.ACTIVE, None

    @applies(Deactivated)
    def _deactivated(self, event: Deactivated) -> None:
        self.status, self.lost_rights_at = UserStatus.INACTIVE, event.timestamp

    @applies(Suspended)
    def _suspended(self, event: Suspended) -> None:
        self.status, self.lost_rights_at = UserStatus.SUSPENDED, event.timestamp

    def remove(self) -> None:
        self.require_member()
        self._end_membership()
        self.record(self.Removed())

    @applies(Removed)
    def _removed(self, event: Removed) -> None:
        self.member, self.left_at, self.lost_rights_at = False, event.timestamp, event.timestamp

    def rejoin(self, role: BaseRole, now: datetime) -> None:
        """Belongs to the tenant in this role: again, or as somebody whom it had registered without an account."""
        if self.status is UserStatus.DELETED:
            self.restore(now)
        if not self.member:
            self.record(self.Rejoined(role=role))
        elif self.status is not UserStatus.ACTIVE:
            raise UserIsAMember(field="id")
        elif role != self.role:
            self.record(self.RoleChanged(role=role))

    def hand_address_over(self) -> None:
        """Gives the address up to who has proved that it is theirs. Who was known by nothing else leaves."""
        self.require_kept()
        self.release(EMAIL_INDEX, self.email, personal=True)
        self.record(self.EmailChanged(email=f"moved-{self.id}@deleted.local"))
        if self.member:
            self._end_membership()
            self.record(self.Removed())

    @applies(Rejoined)
    def _rejoined(self, event: Rejoined) -> None:
        self.member, self.role = True, event.role

    def delete(self) -> None:
        self.require_kept()
        self._end_membership()
        self.release(EMAIL_INDEX, self.email, personal=True)
        self.record(self.Deleted())

    @applies(Deleted)
    def _deleted(self, event: Deleted) -> None:
        self.status, self.member, self.deleted_at = UserStatus.DELETED, False, event.timestamp
        self.left_at = self.lost_rights_at = event.timestamp

    def anonymise(self, now: datetime) -> None:
        if self.deleted_at is None or now < self.deleted_at + ANONYMISED_AFTER:
            raise TooEarlyToAnonymise(field="id")
        self.record(self.Anonymised(email=f"deleted-{self.id}@deleted.local"))

    @applies(Anonymised)
    def _anonymised(self, event: Anonymised) -> None:
        self.email = event.email

    def erase(self) -> None:
        self._end_membership()
        self.release(EMAIL_INDEX, self.email, personal=True)
        self.record(self.Erased())

    @applies(Erased)
    def _erased(self, event: Erased) -> None:
        self.email, self.member, self.status = "", False, UserStatus.DELETED
