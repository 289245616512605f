"""Invitations: somebody is asked by mail to join a tenant, and does so once, before it expires."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.identity.granting import BaseRole, MembershipRole, require_role
from domain.identity.profiles import Email, FirstName, LastName
from domain.identity.registering import registered
from domain.identity.users import User
from domain.kit.aggregate import Aggregate, applies
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import (
    Confidential,
    Describe,
    Internal,
    Len,
    Pattern,
    Personal,
    Purpose,
    Restricted,
)
from domain.kit.refusals import Refusal

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


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class InvitationNotOpen(Refusal):
    """This invitation was accepted or withdrawn already."""


class InvitationNotValid(Refusal):
    """This invitation is not valid, or no longer."""


@dataclass(frozen=True, slots=True)
class InvitationTokens:
    """How an invitation's token is made, so that it need not be kept: the port that inviting takes."""

    hashed: Callable[[UUID, UUID], str]
    """The SHA-256, in hexadecimal digits, of the token of an invitation (its id, its tenant)."""


class Invitation(Aggregate, topic="identity.invitation"):
    """The offer to join a tenant in a role."""

    class Sent(Event):
        email: InvitedEmail
        role: MembershipRole
        token_hash: TokenHash
        expires_at: Annotated[datetime, Internal(), Describe("Until when it can be accepted.")]

    class Accepted(Event):
        user_id: Annotated[UUID, Internal(), Describe("Who joined.")]

    class Withdrawn(Event): ...

    role: BaseRole
    token_hash: str
    expires_at: datetime
    status: InvitationStatus = InvitationStatus.OPEN

    @applies(Sent)
    def _sent(self, event: Sent) -> None:
        self.role, self.token_hash, self.expires_at = event.role, event.token_hash, event.expires_at

    def accept(self, user_id: UUID, token_hash: str, now: datetime) -> None:
        # One refusal for all, so that trying tokens tells nothing about the invitation.
        genuine = hmac.compare_digest(token_hash, self.token_hash)
        if not genuine or self.status is not InvitationStatus.OPEN or now >= self.expires_at:
            raise InvitationNotValid(field="invitation_id")
        self.record(self.Accepted(user_id=user_id))

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
    """Invite somebody by mail, in a role within what one holds oneself."""

    id: UUID
    email: Email
    role: MembershipRole = BaseRole.MEMBER
    token_hash: TokenHash

    def handle(self, by: Caller, now: datetime) -> Invitation:
        require_role(by, self.role, field="role")
        sent = Invitation.Sent(
            email=self.email.lower(),
            role=self.role,
            token_hash=self.token_hash,
            expires_at=now + GOOD_FOR,
        )
        return Invitation.begin(self.id, sent)


class WithdrawInvitation(Command):
    """Take back an invitation that was not accepted yet."""

    id: UUID

    def handle(self, invitation: Invitation, by: Caller) -> None:
        require_role(by, invitation.role, field="id")
        invitation.withdraw()


class AcceptInvitation(Command):
    """Join a tenant that one did not belong to before; ``id`` is the account's."""

    id: UUID
    invitation_id: UUID
    token_hash: TokenHash
    email: Email
    first_name: FirstName
    last_name: LastName = ""

    def handle(self, invitation: Invitation, now: datetime) -> User:
        invitation.accept(self.id, self.token_hash, now)
        return registered(
            self.id,
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            source="invitation",
            role=invitation.role,
        )


class RejoinByInvitation(Command):
    """Join a tenant again that one had been removed from; ``id`` is the account's."""

    id: UUID
    invitation_id: UUID
    token_hash: TokenHash

    def handle(self, user: User, invitation: Invitation, now: datetime) -> None:
        invitation.accept(self.id, self.token_hash, now)
        user.rejoin(invitation.role)
