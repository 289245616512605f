"""Registering and signing in."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.auth.answers import EntryAnswer, SignedInAnswer, entered, granted
from api.auth.port import Auth, Registration
from api.kit.access import ANYONE
from api.kit.context import Info
from api.kit.fields import argument, field


@strawberry.input(description="What is needed to open an account.")
class RegisterInput:
    """An account, and a company with it when one is named."""

    email: str = strawberry.field(description="The e-mail address to sign in with; no other account has it.")
    password: str = strawberry.field(description="The password, of 10 to 200 characters.")
    first_name: str = strawberry.field(description="The first name.")
    last_name: str = strawberry.field(default="", description="The last name; may be empty.")
    tenant_name: str = strawberry.field(default="", description="The name of the company to be made with it.")
    tenant_slug: str = strawberry.field(default="", description="The company's name in addresses.")


@strawberry.input(description="What an invitation is accepted with.")
class AcceptInvitationInput:
    """The token, and who one is."""

    token: str = strawberry.field(description="The token that the mail brought.")
    password: str = strawberry.field(
        default="",
        description="A password for the new account, or that of the account which the address has. Not needed "
        "when its owner is signed in.",
    )
    first_name: str = strawberry.field(default="", description="The first name, for a new account.")
    last_name: str = strawberry.field(default="", description="The last name, for a new account.")


@strawberry.type
class Mutation:
    @field("Open an account, with a company when one is named, and sign in.", needs=ANYONE)
    async def register(
        self, info: Info, input: Annotated[RegisterInput, argument("The account.")]
    ) -> SignedInAnswer:
        wish = Registration(
            email=input.email,
            password=input.password,
            first_name=input.first_name,
            last_name=input.last_name,
            tenant_name=input.tenant_name,
            tenant_slug=input.tenant_slug,
        )
        return granted(await info.context.port(Auth).registering.register(wish))

    @field("Sign in by password.", needs=ANYONE)
    async def sign_in(
        self,
        info: Info,
        email: Annotated[str, argument("The e-mail address.")],
        password: Annotated[str, argument("The password.")],
        tenant_id: Annotated[
            UUID | None, argument("The tenant; the first that one belongs to if empty.")
        ] = None,
    ) -> EntryAnswer:
        return entered(await info.context.port(Auth).entrance.sign_in(email, password, tenant_id))

    @field("Go on signing in with a code of the authenticator, or one for recovery.", needs=ANYONE)
    async def confirm_sign_in(
        self,
        info: Info,
        challenge: Annotated[str, argument("What signing in was answered with.")],
        code: Annotated[str, argument("The code.")],
    ) -> SignedInAnswer:
        return granted(await info.context.port(Auth).entrance.second_factor(challenge, code))

    @field("Get the next tokens; the refresh token is good once.", needs=ANYONE)
    async def refresh_session(
        self, info: Info, refresh_token: Annotated[str, argument("The newest refresh token.")]
    ) -> SignedInAnswer:
        return granted(await info.context.port(Auth).sessions.refresh(refresh_token))

    @field("Join the tenant that one was invited to.", needs=ANYONE)
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
