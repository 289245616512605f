"""Registering and signing in."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.auth.answers import EntryAnswer, SignedInAnswer, entered, granted
from api.auth.port import Auth, Registration
from api.kit.execution.access import ANYONE, WHOEVER
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field


@strawberry.input(description="Input of `register`.")
class RegisterInput:
    """An account, and a company with it when one is named."""

    email: str = strawberry.field(description="The e-mail address to sign in with; no other account has it.")
    password: str = strawberry.field(description="The password, of 10 to 200 characters.")
    first_name: str = strawberry.field(description="The first name.")
    last_name: str = strawberry.field(default="", description="The last name; may be empty.")
    tenant_name: str = strawberry.field(
        default="", description="The name of a company to create with the account."
    )
    tenant_slug: str = strawberry.field(default="", description="The company's slug.")


@strawberry.input(description="Input of `acceptInvitation`.")
class AcceptInvitationInput:
    """The token, and who one is."""

    token: str = strawberry.field(description="The token from the invitation mail.")
    password: str = strawberry.field(
        default="",
        description="The password of a new account, or of the account that has this address. Not needed when "
        "its owner is signed in.",
    )
    first_name: str = strawberry.field(default="", description="The first name, for a new account.")
    last_name: str = strawberry.field(default="", description="The last name, for a new account.")


@strawberry.type
class Mutation:
    @field("Create an account, and a company if one is named, and sign in.", needs=ANYONE)
    async def register(
        self, info: Info, input: Annotated[RegisterInput, argument("The account.")]
    ) -> SignedInAnswer:
        registration = Registration(
            email=input.email,
            password=input.password,
            first_name=input.first_name,
            last_name=input.last_name,
            tenant_name=input.tenant_name,
            tenant_slug=input.tenant_slug,
        )
        return granted(await info.context.port(Auth).registering.register(registration))

    @field("Sign in with a password.", needs=ANYONE)
    async def sign_in(
        self,
        info: Info,
        email: Annotated[str, argument("The e-mail address.")],
        password: Annotated[str, argument("The password.")],
        tenant_id: Annotated[
            UUID | None, argument("The tenant; by default the first that you belong to.")
        ] = None,
    ) -> EntryAnswer:
        return entered(await info.context.port(Auth).entrance.sign_in(email, password, tenant_id))

    @field("Complete a sign-in with an authenticator code or a recovery code.", needs=ANYONE)
    async def confirm_sign_in(
        self,
        info: Info,
        challenge: Annotated[str, argument("The challenge that `signIn` returned.")],
        code: Annotated[str, argument("The code.")],
    ) -> SignedInAnswer:
        return granted(await info.context.port(Auth).entrance.second_factor(challenge, code))

    @field("Exchange the refresh token, which is valid once, for new tokens.", needs=ANYONE)
    async def refresh_session(
        self,
        info: Info,
        refresh_token: Annotated[
            str | None, argument("The newest refresh token; by default the one in the session's cookie.")
        ] = None,
    ) -> SignedInAnswer:
        return granted(await info.context.port(Auth).sessions.refresh(refresh_token or ""))

    @field("Accept an invitation to a tenant.", needs=WHOEVER)
    async def accept_invitation(
        self, info: Info, input: Annotated[AcceptInvitationInput, argument("The invitation.")]
    ) -> EntryAnswer:
        return entered(
            await info.context.port(Auth).registering.accept_invitation(
                input.token,
                password=input.password,
                first_name=input.first_name,
                last_name=input.last_name,
                caller=info.context.caller,
            )
        )
