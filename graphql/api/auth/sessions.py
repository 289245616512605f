"""One's own sessions."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from api.auth import port
from api.auth.answers import DoneAnswer, SignedInAnswer, done, granted
from api.auth.port import Auth
from api.kit.model import (
    COVERED,
    SIGNED_IN,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    RequestContext,
    argument,
    covered,
    field,
    forward,
    shows,
)
from api.kit.schema.nodes import findable
from domain.identity.sessions import Ending, SignInMethod


@shows(port.OwnSession, needs=COVERED)
class OwnSession(Node):
    """One of the caller's sessions."""

    method: SignInMethod | None
    ip_address: str | None
    user_agent: str | None


async def _sessions(ask: RequestContext, ids: Sequence[UUID]) -> dict[UUID, port.OwnSession]:
    found = await ask.port(Auth).sessions.some(ask.caller, ids)
    return {session.id: session for session in found}


findable(OwnSession, _sessions, needs=SIGNED_IN)


@covered
@strawberry.type(description="Confirms that sessions were ended.")
class SessionsEnded:
    """How many."""

    count: int = strawberry.field(description="The number of sessions that ended.")


@strawberry.type
class Query:
    @field(
        "The caller's sessions: the one in use, then the others from the newest.",
        ForwardConnection[OwnSession],
        needs=SIGNED_IN,
    )
    async def my_sessions(
        self,
        info: Info,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[port.OwnSession]:
        ask = info.context

        async def read(limit: int, after: UUID | None) -> list[port.OwnSession]:
            return await ask.port(Auth).sessions.own(ask.caller, first=limit, after=after)

        return await forward(ask, "sessions", first, after, read, place=lambda session: session.id, of=UUID)


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
