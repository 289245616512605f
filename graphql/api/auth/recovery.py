"""Addresses proved and passwords changed."""

from typing import Annotated

import strawberry

from api.auth.answers import DoneAnswer, done
from api.auth.port import Auth
from api.kit.execution.access import ANYONE, SIGNED_IN
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field


@strawberry.type
class Mutation:
    @field(
        "Send a password reset link by mail; the answer does not say whether the account exists.",
        needs=ANYONE,
    )
    async def request_password_reset(
        self, info: Info, email: Annotated[str, argument("The account's e-mail address.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).recovering.request_reset(email))

    @field("Set a new password with the token from the mail; all sessions end.", needs=ANYONE)
    async def reset_password(
        self,
        info: Info,
        token: Annotated[str, argument("The token in the link.")],
        password: Annotated[str, argument("The new password.")],
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).recovering.reset(token, password))

    @field("Verify the account's e-mail address with the token from the mail.", needs=ANYONE)
    async def verify_email(
        self, info: Info, token: Annotated[str, argument("The token in the link.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).recovering.verify_email(token))

    @field(
        "Send another verification mail; refused when the address is verified already, and after "
        "too many requests. No mail is sent to an address whose owner has blocked such mail, which "
        "the answer does not say.",
        needs=SIGNED_IN,
    )
    async def request_email_verification(self, info: Info) -> DoneAnswer:
        context = info.context
        return done(await context.port(Auth).recovering.request_verification(context.caller))

    @field("Set a new password; all other sessions end.", needs=SIGNED_IN)
    async def change_password(
        self,
        info: Info,
        current: Annotated[str, argument("The current password; empty if there is none.")],
        password: Annotated[str, argument("The new password.")],
    ) -> DoneAnswer:
        context = info.context
        return done(await context.port(Auth).recovering.change_password(context.caller, current, password))
