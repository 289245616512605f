"""What signing in is made of, for GraphQL and REST alike; `app.auth` makes it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from domain.identity.sessions import Ending
from domain.kit.caller import Caller
from domain.kit.fields import Describe
from domain.kit.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Somebody is signed in: tokens to show from now on. ``expires_in`` is the access token's life in seconds.

    Where cookies keep the tokens, these are empty, and ``csrf_token`` is what goes along with the cookies.
    """

    account_id: UUID
    session_id: UUID
    tenant_id: UUID | None
    access_token: str
    refresh_token: str
    csrf_token: str = ""
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRequired:
    """The password was right; the challenge and a code are to be shown next, within ``expires_in`` seconds."""

    challenge: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A new second factor: its key as a person types it and as an authenticator scans it, and recovery codes.

    They are shown this once.
    """

    secret: str
    uri: str
    recovery_codes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """One of a person's own sessions."""

    id: Annotated[UUID, Describe("The session's id.")]
    current: Annotated[bool, Describe("Whether it is the session of this request.")]
    method: Annotated[str, Describe("How the user signed in.")]
    second_factor: Annotated[bool, Describe("Whether a second factor was used.")]
    ip_address: Annotated[str, Describe("The IP address of the sign-in, if known.")]
    user_agent: Annotated[str, Describe("The user agent of the sign-in, if known.")]
    created_at: Annotated[datetime, Describe("When the user signed in.")]
    last_accessed_at: Annotated[datetime, Describe("When its tokens were last refreshed.")]
    expires_at: Annotated[datetime, Describe("When the session ends unless it is refreshed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is needed to open an account, and a company with it when one is named."""

    email: str
    password: str
    first_name: str
    last_name: str = ""
    tenant_name: str = ""
    tenant_slug: str = ""


Entry = Granted | SecondFactorRequired | Refusal
"""What comes of showing a password or an identity."""


class Entrance(Protocol):
    """Signing in."""

    async def sign_in(self, email: str, password: str, tenant_id: UUID | None = None) -> Entry:
        """By password, to the tenant named or the first one."""
        ...

    async def second_factor(self, challenge: str, code: str) -> Granted | Refusal:
        """By the challenge that signing in was answered with, and a code of the authenticator or for recovery."""
        ...


class Registering(Protocol):
    """Opening accounts."""

    async def register(self, registration: Registration) -> Granted | Refusal:
        """A new account, signed in; with a company of its own when one is named."""
        ...

    async def accept_invitation(
        self, token: str, *, password: str, first_name: str, last_name: str, caller: Caller
    ) -> Entry:
        """Join the tenant of an invitation: with a new account, or with the one that the address has, whose
        password must be right unless its owner is signed in."""
        ...


class Recovering(Protocol):
    """Proving addresses, and changing passwords."""

    async def request_reset(self, email: str) -> Refusal | None:
        """Send a link by mail if there is such an account, which the answer does not tell."""
        ...

    async def reset(self, token: str, password: str) -> Refusal | None:
        """Set a new password by that link; all sessions end."""
        ...

    async def request_verification(self, caller: Caller) -> Refusal | None:
        """Send another link that proves the caller's address."""
        ...

    async def verify_email(self, token: str) -> Refusal | None:
        """Prove the address by that link."""
        ...

    async def change_password(self, caller: Caller, current: str, password: str) -> Refusal | None:
        """Set a new password; all other sessions end."""
        ...


class SessionKeeping(Protocol):
    """The sessions of people."""

    async def refresh(self, token: str) -> Granted | Refusal:
        """The next tokens of a session, for its newest refresh token; empty for the one in its cookie."""
        ...

    async def switch(self, caller: Caller, tenant_id: UUID) -> Granted | Refusal:
        """Go on in another tenant; the refresh token stays as it is and is not repeated."""
        ...

    async def end(self, caller: Caller, session_id: UUID | None = None, *, reason: Ending) -> Refusal | None:
        """End one of the caller's sessions, the one in use if none is named."""
        ...

    async def leave(self) -> bool:
        """End the session that the request's cookies keep, by its refresh token; whether there was one."""
        ...

    async def end_others(self, caller: Caller) -> int:
        """End all of the caller's sessions but the one in use; how many there were."""
        ...

    async def own(self, caller: Caller, *, first: int, after: UUID | None) -> list[OwnSession]:
        """The caller's sessions: the one in use, then the others from the newest; those behind ``after``."""
        ...

    async def some(self, caller: Caller, ids: Collection[UUID]) -> list[OwnSession]:
        """Those of the caller's sessions that have these ids."""
        ...


class Factors(Protocol):
    """Second factors."""

    async def enrol(self, caller: Caller, password: str) -> Enrolment | Refusal:
        """Begin to use one; it counts once it is confirmed."""
        ...

    async def confirm(self, caller: Caller, code: str) -> Refusal | None:
        """Ask for it from now on; the session counts as one in which it was shown."""
        ...

    async def remove(self, caller: Caller, password: str, code: str) -> Refusal | None:
        """Ask for it no more."""
        ...

    async def remove_of(self, caller: Caller, email: str) -> Refusal | None:
        """Take another person's away, as an operator does who has made sure who they are."""
        ...


class Suspending(Protocol):
    """The accounts of others, as operators keep them."""

    async def suspend(self, email: str, *, by: Caller, asked_by: str) -> Refusal | None:
        """Let nobody sign in with an account; all its sessions end, permanently."""
        ...

    async def reactivate(self, email: str, *, by: Caller, asked_by: str) -> Refusal | None:
        """Let a suspended account be used again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """All of it."""

    entrance: Entrance
    registering: Registering
    recovering: Recovering
    sessions: SessionKeeping
    factors: Factors
    suspending: Suspending
