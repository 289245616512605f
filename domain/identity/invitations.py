"""Invitations: somebody is asked by mail to join a tenant, and does so once, before it expires."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from domain.identity.authorization import BaseRole, MembershipRole, require_role
from domain.identity.origins import IpAddress, Referrer, UserAgent
from domain.identity.profiles import Email, FirstName, LastName
from domain.identity.registration import registered
from domain.identity.users import User
from domain.kit.fields import Confidential, Describe, Internal, Len, Pattern, Personal, Purpose, Restricted
from domain.kit.model import SYSTEM, Aggregate, Caller, Command, Event, Refusal, Unique, applies
from domain.kit.refusals import AlreadyTaken

JUST_NOW = timedelta(minutes=1)
"""For how long an open invitation in the same role is not sent again: who presses twice means one."""
GOOD_FOR = timedelta(days=7)
"""How long an invitation can be accepted."""

INVITED_INDEX = "identity.invitation.email"

InvitedEmail = Annotated[
    str,
    Len(3, 255),
    Confidential(),
    Personal(searchable=INVITED_INDEX),
    Purpose("To send the invitation."),
    Describe("Where the invitation is sent."),
]
TokenHash = Annotated[
    str,
    Len(64, 64),
    Pattern("[0-9a-f]*", "is not a SHA-256"),
    Restricted(),
    Describe("The SHA-256 of the token that the mail carries, in hexadecimal digits."),
]


Inviter = Annotated[
    UUID | None, Internal(), Describe("Who sent it, and answers for it; empty when the system did.")
]
Replaced = Annotated[
    UUID | None, Internal(), Describe("The open invitation to the same address that it replaces.")
]


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class InvitationNotOpen(Refusal):
    """This invitation was accepted or withdrawn already."""


class AlreadyInvited(AlreadyTaken):
    """This address has just been invited; send another invitation in a minute if it does not arrive."""


class InvitationNotValid(Refusal):
    """This invitation is not valid, or no longer valid."""


class InviterNotProved(Refusal):
    """Confirm your own e-mail address before you invite others."""


class TenantHasOwner(Refusal):
    """This tenant has an owner already, who can invite others."""


class TooManyInvitations(Refusal):
    """This tenant has sent {most} invitations within a day; more can be sent tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationToken:
    """What an invitation is sent with, besides what was asked for."""

    token_hash: str
    replaces_id: UUID | None


@dataclass(frozen=True, slots=True)
class Inviting:
    """Look into what no command can see by itself: the port that inviting takes."""

    prepared: Callable[[Caller, UUID, str, BaseRole], Awaitable[InvitationToken]]
    """For who invites, the invitation's id, the address and the role.

    Raises InviterNotProved, UserIsAMember, AlreadyInvited or TooManyInvitations. What was sent before is
    prepared as it was then.
    """


class Invitation(
    Aggregate,
    topic="identity.invitation",
    unique=(
        Unique("open_email", stored_as=INVITED_INDEX, field="email", personal=True, refusal=AlreadyInvited),
    ),
):
    """The offer to join a tenant in a role."""

    class Sent(Event):
        email: InvitedEmail
        role: MembershipRole
        token_hash: TokenHash
        expires_at: Annotated[datetime, Internal(), Describe("Until when it can be accepted.")]
        invited_by: Inviter = None
        replaces: Replaced = None

    class Accepted(Event):
        user_id: Annotated[UUID, Internal(), Describe("Who joined.")]

    class Withdrawn(Event): ...

    class Erased(Event, ends=True): ...

    class_version = 2

    email: str
    """Sealed once it is in the log: it may be released, but not compared."""
    role: BaseRole
    token_hash: str
    sent_at: datetime
    expires_at: datetime
    invited_by: UUID | None = None
    status: InvitationStatus = InvitationStatus.OPEN

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """When it was sent, and where to, is remembered; of one that said neither, everything came later."""
        state.setdefault("email", "")
        state.setdefault("sent_at", "1970-01-01T00:00:00+00:00")

    @property
    def open_email(self) -> str | None:
        """Where it was sent, while it is open: an older link is good for nothing once a newer one is there."""
        return self.email if self.status is InvitationStatus.OPEN else None

    @applies(Sent)
    def _sent(self, event: Sent) -> None:
        self.role, self.token_hash, self.expires_at = event.role, event.token_hash, event.expires_at
        self.email, self.sent_at, self.invited_by = event.email, event.timestamp, event.invited_by

    def accept(self, user_id: UUID, token_hash: str, now: datetime, inviter: User | None) -> None:
        # One refusal for all, so that trying tokens tells nothing about the invitation.
        genuine = hmac.compare_digest(token_hash, self.token_hash)
        in_time = self.status is InvitationStatus.OPEN and now < self.expires_at
        if not (genuine and in_time and self._vouched_for(inviter)):
            raise InvitationNotValid(field="invitation_id")
        self.record(self.Accepted(user_id=user_id))

    def _vouched_for(self, inviter: User | None) -> bool:
        """Whether who sent it could send it still: who has left, or may do less, invites nobody any more."""
        if self.invited_by is None:
            return True
        if inviter is None or inviter.id != self.invited_by:
            return False
        return inviter.works and not inviter.lost_rights_since(self.sent_at)

    @applies(Accepted)
    def _accepted(self, event: Accepted) -> None:
        self.status = InvitationStatus.ACCEPTED

    def withdraw(self) -> None:
        if self.status is not InvitationStatus.OPEN:
            raise InvitationNotOpen(field="id")
        self.record(self.Withdrawn())

    @applies(Withdrawn)
    def _withdrawn(self, event: Withdrawn) -> None:
        self.status = InvitationStatus.WITHDRAWN


class InviteUser(Command):
    """Invite a user by e-mail, in a role whose permissions you hold."""

    email: Email
    role: MembershipRole = BaseRole.MEMBER
    token_hash: TokenHash
    replaces_id: Replaced = None

    def handle(self, replaces: Invitation | None, by: Caller, now: datetime) -> Invitation:
        require_role(by, self.role, field="role")
        if replaces is not None:
            require_role(by, replaces.role, field="email")
            if replaces.status is not InvitationStatus.OPEN:
                # Somebody else has replaced it meanwhile.
                raise AlreadyInvited(field="email")
            replaces.withdraw()
        sent = Invitation.Sent(
            email=self.email.lower(),
            role=self.role,
            token_hash=self.token_hash,
            expires_at=now + GOOD_FOR,
            # Services act for no person who could leave.
            invited_by=None if by.user_id == SYSTEM or by.kind == "service" else by.user_id,
            replaces=self.replaces_id,
        )
        return Invitation.begin(self.id, sent)


class WithdrawInvitation(Command):
    """Withdraw an invitation that is not accepted yet."""

    def handle(self, invitation: Invitation, by: Caller) -> None:
        # The product itself withdraws those of people who have left.
        if by.user_id != SYSTEM:
            require_role(by, invitation.role, field="id")
        invitation.withdraw()


class EraseInvitation(Command):
    """End an invitation because the data of whom it was sent to were erased."""

    def handle(self, invitation: Invitation) -> None:
        invitation.record(Invitation.Erased())


class AcceptInvitation(Command):
    """Join a tenant that one did not belong to before; ``id`` is the account's.

    ``known_id`` is whom the tenant knew by this address, without an account or no longer a member: the address is
    the newcomer's, who has shown that mail to it reaches them.
    """

    invitation_id: UUID
    inviter_id: UUID | None = None
    known_id: UUID | None = None
    token_hash: TokenHash
    email: Email
    first_name: FirstName
    last_name: LastName = ""
    ip_address: IpAddress = ""
    user_agent: UserAgent = ""
    referrer: Referrer = ""

    def handle(self, invitation: Invitation, inviter: User | None, known: User | None, now: datetime) -> User:
        invitation.accept(self.id, self.token_hash, now, inviter)
        if known is not None:
            known.hand_address_over()
        user = registered(
            self.id,
            User.Registered(
                email=self.email,
                first_name=self.first_name,
                last_name=self.last_name,
                registration_source="invitation",
                role=invitation.role,
                ip_address=self.ip_address,
                user_agent=self.user_agent,
                referrer=self.referrer,
            ),
        )
        user.verify_email()
        return user


class RejoinByInvitation(Command):
    """Join a tenant that knows one already, from before or because it registered one; ``id`` is the account's.

    ``proved`` says that the tenant knows the person by the address that the invitation went to.
    """

    invitation_id: UUID
    inviter_id: UUID | None = None
    token_hash: TokenHash
    proved: bool = False

    def handle(self, user: User, invitation: Invitation, inviter: User | None, now: datetime) -> None:
        invitation.accept(self.id, self.token_hash, now, inviter)
        if user.left_at is not None and user.left_at >= invitation.sent_at:
            # What ends a membership ends the invitations that were open then.
            raise InvitationNotValid(field="invitation_id")
        user.rejoin(invitation.role, now)
        if self.proved:
            user.verify_email()
