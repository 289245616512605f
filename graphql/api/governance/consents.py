"""Consents: what people allow to be done with their data."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.governance.requests import NEEDED, asked, outcome
from api.kit.execution.access import COVERED, SIGNED_IN
from api.kit.schema.commands import COMMAND_ID, Refused, receipt
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import LARGEST, After, argument, described, field
from api.kit.schema.node_types import Node, shows
from domain.governance.consents import consent_id
from projections.governance.consents import ConsentRow, ConsentRows
from projections.governance.privacy import Privacy
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.postgres_reader import Order, RowPlace


@shows(ConsentRow, needs=COVERED, about="subject_id")
class Consent(Node):
    """A person's consent to the use of their data for one purpose."""


@strawberry.input(description="Which consents to list: those that meet all that is given.")
class ConsentFilter:
    """What the listed consents must meet."""

    subject_id: UUID | None = strawberry.field(default=None, description="Of this person.")
    purpose: str | None = strawberry.field(default=None, description="For this purpose.")
    given: bool | None = strawberry.field(default=None, description="Given, or withdrawn.")

    def conditions(self) -> list[Condition]:
        return [
            *equals("subject_id", self.subject_id),
            *equals("purpose", self.purpose),
            *equals("given", self.given),
        ]


@strawberry.input(description="Input of `giveConsent`.")
class GiveConsentInput:
    """What is needed to give a consent."""

    purpose: str = strawberry.field(description="The purpose, such as `marketing.email`.")
    subject_id: UUID | None = strawberry.field(
        default=None, description="The person; by default the caller. Others require `privacy:write`."
    )
    source: str = strawberry.field(default="web", description="Where the consent was given or withdrawn.")
    text_version: str = strawberry.field(
        default="", description="The version of the wording that was agreed to."
    )


@strawberry.input(description="Input of `withdrawConsent`.")
class WithdrawConsentInput:
    """What is needed to withdraw a consent."""

    purpose: str = strawberry.field(description="The purpose.")
    subject_id: UUID | None = strawberry.field(
        default=None, description="The person; by default the caller. Others require `privacy:write`."
    )
    source: str = strawberry.field(default="web", description="Where the consent was given or withdrawn.")


ConsentReceipt = receipt(Consent, ConsentRows, name="consent")
_receipt: Any = ConsentReceipt
ConsentAnswer = Annotated[
    _receipt | Refused, strawberry.union("ConsentAnswer", description="A receipt or a refusal.")
]


async def _give(
    info: Info, input: Annotated[GiveConsentInput, NEEDED], command_id: UUID | None = None
) -> Any:
    wish = asked(info.context, command_id)
    subject = input.subject_id or info.context.caller.user_id
    done = await info.context.port(Privacy).give(
        wish, subject, input.purpose, source=input.source, text_version=input.text_version
    )
    return outcome(ConsentReceipt, wish, done, target=consent_id(subject, input.purpose))


async def _withdraw(
    info: Info, input: Annotated[WithdrawConsentInput, NEEDED], command_id: UUID | None = None
) -> Any:
    wish = asked(info.context, command_id)
    subject = input.subject_id or info.context.caller.user_id
    done = await info.context.port(Privacy).withdraw(wish, subject, input.purpose, source=input.source)
    return outcome(ConsentReceipt, wish, done, target=consent_id(subject, input.purpose))


for _resolver in (_give, _withdraw):
    _resolver.__annotations__ |= {
        "command_id": Annotated[UUID | None, argument(COMMAND_ID)],
        "return": ConsentAnswer,
    }


@strawberry.type
class Query:
    consents = listed(
        Consent,
        ConsentRows,
        filter=ConsentFilter,
        orders={"GIVEN_AT": Order("given_at")},
        description="The people's consents, by pages.",
        needs="privacy:read",
    )

    @field(
        f"The caller's consents, given or withdrawn, sorted by purpose; at most {LARGEST}.",
        list[Consent],
        needs=SIGNED_IN,
    )
    async def my_consents(
        self,
        info: Info,
        after: Annotated[str | None, argument("Only purposes after this one.")] = None,
        after_position: After = None,
    ) -> Any:
        ask = info.context
        me = ask.caller.user_id
        await ask.caught_up(ConsentRows, after_position)
        page = await ask.services.rows.page(
            ConsentRows,
            ask.caller.tenant_id,
            where=equals("subject_id", me),
            order=Order("purpose"),
            limit=LARGEST,
            after=RowPlace(after, (consent_id(me, after),)) if after else None,
        )
        return page.rows


@strawberry.type
class Mutation:
    give_consent = described(_give, "Give consent to the use of data for a purpose.", needs=SIGNED_IN)
    withdraw_consent = described(_withdraw, "Withdraw a consent.", needs=SIGNED_IN)
