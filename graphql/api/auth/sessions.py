"""One's own sessions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.auth.answers import DoneAnswer, SignedInAnswer, done, granted
from api.auth.port import Auth
from api.kit.access import SIGNED_IN, covered
from api.kit.context import Info
from api.kit.errors import ClientError
from api.kit.fields import argument, field
from domain.identity.sessions import Ending


@covered
@strawberry.type(description="A place where one is signed in.")
class OwnSession:
    """A session."""

    id: UUID = strawberry.field(description="Its id.")
    current: bool = strawberry.field(description="Whether this request belongs to it.")
    method: str = strawberry.field(description="How one signed in.")
    second_factor: bool = strawberry.field(description="Whether a second factor was shown.")
    ip_address: str = strawberry.field(description="From which address one signed in.")
    user_agent: str = strawberry.field(description="On which device, as it calls itself.")
    created_at: datetime = strawberry.field(description="When one signed in.")
    last_accessed_at: datetime = strawberry.field(description="When its tokens were last renewed.")
    expires_at: datetime = strawberry.field(description="When it ends unless they are renewed again.")


@covered
@strawberry.type(description="Sessions were ended.")
class SessionsEnded:
    """How many."""

    count: int = strawberry.field(description="How many they were.")


@strawberry.type
class Query:
    @field("Where one is signed in: the session in use, then the others from the newest.", needs=SIGNED_IN)
    async def my_sessions(
        self,
        info: Info,
        first: Annotated[int, argument("How many at most, from 1 to 100.")] = 100,
        after: Annotated[UUID | None, argument("Those that follow this one, the last of a page.")] = None,
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

    @field("End one of one's own sessions.", needs=SIGNED_IN)
    async def end_session(self, info: Info, id: Annotated[UUID, argument("The session.")]) -> DoneAnswer:
        context = info.context
        return done(await context.port(Auth).sessions.end(context.caller, id, reason=Ending.REVOKED))

    @field("End all of one's own sessions but this one.", needs=SIGNED_IN)
    async def end_other_sessions(self, info: Info) -> SessionsEnded:
        context = info.context
        return SessionsEnded(count=await context.port(Auth).sessions.end_others(context.caller))

    @field("Go on in another tenant that one belongs to.", needs=SIGNED_IN)
    async def switch_tenant(
        self, info: Info, tenant_id: Annotated[UUID, argument("The tenant.")]
    ) -> SignedInAnswer:
        context = info.context
        return granted(await context.port(Auth).sessions.switch(context.caller, tenant_id))
