"""One's own sessions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.auth.answers import DoneAnswer, SignedInAnswer, done, granted
from api.auth.port import Auth
from api.kit.execution.access import SIGNED_IN, covered
from api.kit.execution.errors import ClientError
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field
from domain.identity.sessions import Ending


@covered
@strawberry.type(description="One of the caller's sessions.")
class OwnSession:
    """A session."""

    id: UUID = strawberry.field(description="Its id.")
    current: bool = strawberry.field(description="Whether it is the session of this request.")
    method: str = strawberry.field(description="How the user signed in.")
    second_factor: bool = strawberry.field(description="Whether a second factor was used.")
    ip_address: str = strawberry.field(description="The IP address of the sign-in.")
    user_agent: str = strawberry.field(description="The user agent of the sign-in.")
    created_at: datetime = strawberry.field(description="When the user signed in.")
    last_accessed_at: datetime = strawberry.field(description="When its tokens were last refreshed.")
    expires_at: datetime = strawberry.field(description="When the session ends unless it is refreshed.")


@covered
@strawberry.type(description="Confirms that sessions were ended.")
class SessionsEnded:
    """How many."""

    count: int = strawberry.field(description="The number of sessions that ended.")


@strawberry.type
class Query:
    @field("The caller's sessions: the one in use, then the others from the newest.", needs=SIGNED_IN)
    async def my_sessions(
        self,
        info: Info,
        first: Annotated[int, argument("How many sessions, from 1 to 100.")] = 100,
        after: Annotated[UUID | None, argument("Only sessions after this one.")] = None,
    ) -> list[OwnSession]:
        if not 1 <= first <= 100:
            raise ClientError(f"A list holds 1 to 100, not {first}.", code="BAD_USER_INPUT")
        found = await info.context.port(Auth).sessions.own(info.context.caller, first=first, after=after)
        return [
            OwnSession(
                id=one.id,
                current=one.current,
                method=one.method,
                second_factor=one.second_factor,
                ip_address=one.ip_address,
                user_agent=one.user_agent,
                created_at=one.created_at,
                last_accessed_at=one.last_accessed_at,
                expires_at=one.expires_at,
            )
            for one in found
        ]


@strawberry.type
class Mutation:
    @field("Sign out: the session and all its tokens end.", needs=SIGNED_IN)
    async def sign_out(self, info: Info) -> DoneAnswer:
        context = info.context
        return done(await context.port(Auth).sessions.end(context.caller, reason=Ending.SIGNED_OUT))

    @field("End one of your sessions.", needs=SIGNED_IN)
    async def end_session(self, info: Info, id: Annotated[UUID, argument("The session.")]) -> DoneAnswer:
        context = info.context
        return done(await context.port(Auth).sessions.end(context.caller, id, reason=Ending.REVOKED))

    @field("End all your sessions except this one.", needs=SIGNED_IN)
    async def end_other_sessions(self, info: Info) -> SessionsEnded:
        context = info.context
        return SessionsEnded(count=await context.port(Auth).sessions.end_others(context.caller))

    @field("Switch to another tenant that you belong to.", needs=SIGNED_IN)
    async def switch_tenant(
        self, info: Info, tenant_id: Annotated[UUID, argument("The tenant.")]
    ) -> SignedInAnswer:
        context = info.context
        return granted(await context.port(Auth).sessions.switch(context.caller, tenant_id))
