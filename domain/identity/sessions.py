"""Sessions: from signing in to signing out, one refresh token at a time."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Internal, Len, Personal, Public, Purpose, Restricted
from domain.kit.model import Aggregate, Command, Event, Refusal, applies

LIFETIME = timedelta(days=30)
"""How long a session lasts at most, however much it is used."""
IDLE = timedelta(days=14)
"""How long a session lasts without being refreshed."""
AT_ONCE = timedelta(seconds=5)
"""A token that comes this soon after its own successor has lost a race; later, or after two, it was stolen."""

Hash = Annotated[str, Restricted(), Describe("SHA-256 of a random token, in hexadecimal digits.")]
User = Annotated[UUID, Public(), Describe("Whose session.")]
Where = Annotated[UUID | None, Internal(), Describe("The tenant signed in to; empty: none yet.")]
Until = Annotated[datetime, Internal(), Describe("Until when it lasts if nothing happens.")]
IpAddress = Annotated[
    str,
    Len(0, 100),
    Confidential(),
    Personal(subject="user_id"),
    Purpose("To show people where they are signed in."),
]
UserAgent = Annotated[
    str,
    Len(0, 500),
    Confidential(),
    Personal(subject="user_id"),
    Purpose("To show people on which device they are signed in."),
]


class Ending(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    """The user signed out."""
    EXPIRED = "expired"
    """Its time was over."""
    REVOKED = "revoked"
    """The user ended it from another session."""
    REUSED = "reused"
    """A refresh token came a second time, so it may have been stolen."""
    PASSWORD_CHANGED = "password_changed"
    """Another password ends every session."""
    SUSPENDED = "suspended"
    """The account was suspended."""
    ERASED = "erased"
    """The user was erased."""


class SignInMethod(StrEnum):
    """How a person signed in; `OIDC_REAUTHENTICATED`: with a provider that had them prove themselves again."""

    PASSWORD = "password"
    REGISTRATION = "registration"
    """By creating the account."""
    INVITATION = "invitation"
    """By accepting an invitation."""
    OIDC = "oidc"
    """At a provider of identities."""
    OIDC_REAUTHENTICATED = "oidc_anew"
    """At a provider of identities, which had the user prove themselves again."""


class SessionIsOver(Refusal):
    """This session is over; sign in again."""


class RefreshedJustNow(Refusal):
    """This refresh token was used a moment ago; use the newer one."""


class SessionLasts(Refusal):
    """This session has time left."""


class Session(Aggregate, topic="identity.session"):
    """One signing-in, and all tokens that descend from it."""

    class Started(Event):
        user_id: User
        tenant_id: Where
        token_hash: Hash
        refresh_hash: Hash
        expires_at: Until
        method: Annotated[str, Internal(), Describe("How: password, registration, oidc, invitation.")]
        second_factor: Annotated[bool, Internal(), Describe("Whether a second factor was used.")] = False
        ip_address: IpAddress = ""
        user_agent: UserAgent = ""

    class Rotated(Event):
        token_hash: Hash
        refresh_hash: Hash
        expires_at: Until

    class Switched(Event):
        tenant_id: Where
        token_hash: Hash

    class SecondFactorShown(Event): ...

    class Ended(Event):
        reason: Annotated[Ending, Internal(), Describe("Why.")]
        user_id: User

    user_id: UUID
    started: datetime
    rotated: datetime
    expires: datetime
    refresh_hash: str = ""
    previous_hash: str = ""
    over: bool = False

    def require_live(self, now: datetime) -> None:
        """Raise SessionIsOver when it was ended or has run out."""
        if self.over or now >= self.expires:
            raise SessionIsOver()

    def end(self, reason: Ending) -> None:
        """No token of this session is good any more; ending it twice is once."""
        if not self.over:
            self.record(self.Ended(reason=reason, user_id=self.user_id))

    @applies(Started)
    def _started(self, event: Started) -> None:
        self.user_id, self.expires = event.user_id, event.expires_at
        self.started = self.rotated = event.timestamp
        self.refresh_hash = event.refresh_hash

    @applies(Rotated)
    def _rotated(self, event: Rotated) -> None:
        self.previous_hash, self.refresh_hash = self.refresh_hash, event.refresh_hash
        self.expires, self.rotated = event.expires_at, event.timestamp

    @applies(Ended)
    def _ended(self, event: Ended) -> None:
        self.over = True


class StartSession(Command):
    """Begin a session for somebody who has shown who they are."""

    user_id: UUID
    tenant_id: UUID | None
    token_hash: Hash
    refresh_hash: Hash
    method: str
    second_factor: bool = False
    ip_address: IpAddress = ""
    user_agent: UserAgent = ""

    def handle(self, now: datetime) -> Session:
        return Session.begin(
            self.id,
            Session.Started(
                user_id=self.user_id,
                tenant_id=self.tenant_id,
                token_hash=self.token_hash,
                refresh_hash=self.refresh_hash,
                expires_at=now + IDLE,
                method=self.method,
                second_factor=self.second_factor,
                ip_address=self.ip_address,
                user_agent=self.user_agent,
            ),
        )


class RefreshSession(Command):
    """Give the next refresh token for the newest one; an older one ends the session.

    That is not refused but done, and recorded: who sent it finds that the session's token is not theirs.
    """

    presented: Hash
    refresh_hash: Hash
    token_hash: Hash

    def handle(self, session: Session, now: datetime) -> None:
        session.require_live(now)
        if self.presented == session.refresh_hash:
            until = min(now + IDLE, session.started + LIFETIME)
            session.record(
                Session.Rotated(token_hash=self.token_hash, refresh_hash=self.refresh_hash, expires_at=until)
            )
        elif self.presented == session.previous_hash and now - session.rotated <= AT_ONCE:
            raise RefreshedJustNow()
        else:
            session.end(Ending.REUSED)


class SwitchTenant(Command):
    """Go on in another tenant with the same session."""

    tenant_id: UUID | None
    token_hash: str

    def handle(self, session: Session, now: datetime) -> None:
        session.require_live(now)
        session.record(Session.Switched(tenant_id=self.tenant_id, token_hash=self.token_hash))


class ShowSecondFactor(Command):
    """Note that a second factor was shown in a session."""

    def handle(self, session: Session, now: datetime) -> None:
        session.require_live(now)
        session.record(Session.SecondFactorShown())


class EndSession(Command):
    """End a session: none of its tokens is good any more."""

    reason: Ending = Ending.REVOKED

    def handle(self, session: Session) -> None:
        session.end(self.reason)


class ExpireSession(Command):
    """End a session whose time is over."""

    def handle(self, session: Session, now: datetime) -> None:
        if now < session.expires:
            raise SessionLasts()
        session.end(Ending.EXPIRED)
