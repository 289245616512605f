"""One's own second factor."""

from typing import Annotated

import strawberry

from api.auth.answers import DoneAnswer, done
from api.auth.port import Auth, Enrolment
from api.kit.execution.access import SIGNED_IN, covered
from api.kit.schema.commands import Refused
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field


@covered
@strawberry.type(
    description="A new second factor, to be confirmed with its first code. It is shown only once."
)
class SecondFactorEnrolment:
    """The key and the codes for recovery."""

    secret: str = strawberry.field(description="The secret, to be typed into an authenticator.")
    uri: str = strawberry.field(description="The secret as a URI, to be shown as a QR code.")
    recovery_codes: list[str] = strawberry.field(
        description="Recovery codes in case the authenticator is lost; each is valid once."
    )


EnrolmentAnswer = Annotated[
    SecondFactorEnrolment | Refused,
    strawberry.union("EnrolmentAnswer", description="The new second factor or a refusal."),
]


@strawberry.type
class Mutation:
    @field("Start to enrol a second factor.", needs=SIGNED_IN)
    async def enrol_second_factor(
        self, info: Info, password: Annotated[str, argument("The password; empty if there is none.")]
    ) -> EnrolmentAnswer:
        found = await info.context.port(Auth).factors.enrol(info.context.caller, password)
        if not isinstance(found, Enrolment):
            return Refused.of(found)
        return SecondFactorEnrolment(
            secret=found.secret, uri=found.uri, recovery_codes=list(found.recovery_codes)
        )

    @field("Confirm the second factor; it is required from now on.", needs=SIGNED_IN)
    async def confirm_second_factor(
        self, info: Info, code: Annotated[str, argument("The authenticator's code.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.confirm(info.context.caller, code))

    @field("Remove your second factor.", needs=SIGNED_IN)
    async def remove_second_factor(
        self,
        info: Info,
        password: Annotated[str, argument("The password; empty if there is none.")],
        code: Annotated[str, argument("The authenticator's code, or a recovery code.")],
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.remove(info.context.caller, password, code))

    @field(
        "Remove the second factor of a user who has lost it, after checking who they are; for operators.",
        needs="ops:accounts",
    )
    async def remove_second_factor_of(
        self, info: Info, email: Annotated[str, argument("The account's e-mail address.")]
    ) -> DoneAnswer:
        return done(await info.context.port(Auth).factors.remove_of(info.context.caller, email))
