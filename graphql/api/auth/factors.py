"""One's own second factor."""

from typing import Annotated

import strawberry

from api.auth.answers import DoneAnswer, done
from api.auth.port import Auth, Enrolment
from api.kit.access import SIGNED_IN, covered
from api.kit.commands import Refused
from api.kit.context import Info
from api.kit.fields import argument, field


@covered
@strawberry.type(description="A new second factor, to be confirmed by its first code. It is shown this once.")
class SecondFactorEnrolment:
    """The key and the codes for recovery."""

    secret: str = strawberry.field(description="The key, to be typed into an authenticator.")
    uri: str = strawberry.field(description="The same as a link, to be shown as a QR code.")
    recovery_codes: list[str] = strawberry.field(
        description="Codes for the day when the authenticator is lost; each is good once."
    )


EnrolmentAnswer = Annotated[
    SecondFactorEnrolment | Refused,
    strawberry.union("EnrolmentAnswer", description="The new second factor, or the refusal."),
]


@strawberry.type
class Mutation:
    @field("Begin to use a second factor.", needs=SIGNED_IN)
    async def enrol_second_factor(
        self, info: Info, password: Annotated[str, argument("The password; empty when there is none.")]
    ) -> EnrolmentAnswer:
        found = await info.context.port(Auth).factors.enrol(info.context.caller, password)
        if not isinstance(found, Enrolment):
            return Refused.of(found)
        return SecondFactorEnrolment(
            secret=found.secret, uri=found.uri, recovery_codes=list(found.recovery_codes)
        )

    @field("Ask for the second factor from now on.", needs=SIGNED_IN)
    async def confirm_second_factor(
        self, info: Info, code: Annotated[str, argument("What the authenticator shows.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.confirm(info.context.caller, code))

    @field("Sign in without a second factor again.", needs=SIGNED_IN)
    async def remove_second_factor(
        self,
        info: Info,
        password: Annotated[str, argument("The password; empty when there is none.")],
        code: Annotated[str, argument("What the authenticator shows, or a code for recovery.")],
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.remove(info.context.caller, password, code))

    @field(
        "Take away the second factor of somebody who has lost it, having made sure who they are; for operators.",
        needs="ops:accounts",
    )
    async def remove_second_factor_of(
        self, info: Info, email: Annotated[str, argument("The account's e-mail address.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.remove_of(info.context.caller, email))
