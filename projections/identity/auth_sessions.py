"""Sessions: those that live, as each request needs them, and all there were, for their owner to look at."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.sessions import Ending, Session
from domain.kit.fields import Confidential, Describe, Internal, Len, Personal, Public, Restricted
from domain.kit.log import Envelope
from projections.kit.declare.folds import POSITION, TIME, EventField, carried, on, removed
from projections.kit.model import CreatedAt, Index, PostgresView, Row

Hash = Annotated[str, Len(max_length=64), Restricted()]


class SessionRow(Row):
    """A session that was not ended. The address is a sealed text, which no column of type inet could hold."""

    id: Annotated[UUID, Public(), Describe("The session's id.")]
    user_id: Annotated[UUID, Public(), Describe("Whose it is.")]
    in_tenant: Annotated[UUID | None, Internal(), Describe("The tenant signed in to.")]
    token_hash: Annotated[Hash, Describe("Hash of the newest access token's id.")]
    refresh_token_hash: Annotated[Hash, Describe("Hash of the newest refresh token.")]
    expires_at: Annotated[datetime, Internal(), Describe("Until when it lasts unless it is refreshed.")]
    ip_address: Annotated[str, Confidential(), Personal("user_id"), Describe("From where, sealed.")]
    user_agent: Annotated[str, Confidential(), Personal("user_id"), Describe("On which device, sealed.")]
    method: Annotated[str, Internal(), Describe("How the user signed in.")]
    second_factor: Annotated[bool, Internal(), Describe("Whether a second factor was used.")]
    factor_shown: Annotated[int, Internal(), Describe("The position of the event that says so, or 0.")]
    began: Annotated[int, Internal(), Describe("The position of the event that began it.")]
    created_at: Annotated[CreatedAt, Internal(), Describe("Since when.")]
    last_accessed_at: Annotated[datetime, Internal(), Describe("When it was last refreshed.")]


class Sessions(PostgresView[SessionRow], name="auth.sessions", version=2, inline=True):
    """The sessions that live, or have run out without being ended."""

    indexes = (
        Index("idx_sessions_user", ("user_id",)),
        Index("idx_sessions_token_hash", ("token_hash",), unique=True),
        Index("idx_sessions_refresh_token_hash", ("refresh_token_hash",), unique=True),
        Index("idx_sessions_expires", ("expires_at",)),
        Index("idx_sessions_user_expires", ("user_id", "expires_at")),
    )

    @on(Session.Started, first=True)
    def started(self, row: None, event: Session.Started, envelope: Envelope) -> SessionRow:
        return SessionRow(
            id=event.originator_id,
            user_id=event.user_id,
            in_tenant=event.tenant_id,
            token_hash=event.token_hash,
            refresh_token_hash=event.refresh_hash,
            expires_at=event.expires_at,
            ip_address=event.ip_address,
            user_agent=event.user_agent,
            method=event.method,
            second_factor=event.second_factor,
            factor_shown=envelope.position if event.second_factor else 0,
            began=envelope.position,
            created_at=event.timestamp,
            last_accessed_at=event.timestamp,
        )

    rotated = carried(Session.Rotated, refresh_token_hash=EventField("refresh_hash"), last_accessed_at=TIME)

    switched = carried(Session.Switched, in_tenant=EventField("tenant_id"), last_accessed_at=TIME)

    second_factor_shown = carried(Session.SecondFactorShown, second_factor=True, factor_shown=POSITION)

    ended = removed(Session.Ended)


class UserSessionRow(Row):
    """A session, from its beginning to its end."""

    session_id: Annotated[UUID, Public(), Describe("The session's id.")]
    user_id: Annotated[UUID, Public(), Describe("Whose it is.")]
    in_tenant: Annotated[UUID | None, Internal(), Describe("The tenant signed in to, the last one.")]
    started_at: Annotated[datetime, Internal(), Describe("When it started.")]
    ended_at: Annotated[datetime | None, Internal(), Describe("When it ended; null while it is open.")]
    reason: Annotated[Ending | None, Internal(), Describe("Why it ended.")]


class UserSessions(
    PostgresView[UserSessionRow], name="auth.user_sessions", version=1, key="session_id", inline=True
):
    """All sessions there were."""

    indexes = (Index("idx_user_sessions_user", ("user_id", "started_at")),)

    started = carried(
        Session.Started,
        first=True,
        in_tenant=EventField("tenant_id"),
        started_at=TIME,
        ended_at=None,
        reason=None,
    )

    switched = carried(Session.Switched, in_tenant=EventField("tenant_id"))

    ended = carried(Session.Ended, ended_at=TIME)
