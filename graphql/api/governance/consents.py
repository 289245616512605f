"""Consents: what people allow to be done with their data."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.governance.asking import NEEDED, asked, outcome
from api.kit.access import COVERED, SIGNED_IN
from api.kit.commands import COMMAND_ID, Refused, receipt
from api.kit.connections import listed
from api.kit.context import Info
from api.kit.fields import LARGEST, After, argument, described, field
from api.kit.shows import Node, shows
from domain.governance.consents import consent_id
from projections.governance.consents import ConsentRow, ConsentRows
from projections.governance.privacy import Privacy
from projections.kit.conditions import Condition, equals
from projections.kit.rows import Order, Place


@shows(ConsentRow, needs=COVERED, about="subject_id")
class Consent(Node):
    """What somebody says about a purpose that data may be used for."""


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


@strawberry.input(description="A purpose, and what is said about it.")
class GiveConsentInput:
    """What is needed to give a consent."""

    purpose: str = strawberry.field(description="What the data may be used for, as `marketing.email`.")
    subject_id: UUID | None = strawberry.field(
        default=None, description="Whose data; the caller's when left out. Others take `privacy:write`."
    )
    source: str = strawberry.field(default="web", description="Where it was said.")
    text_version: str = strawberry.field(default="", description="Which wording was agreed to.")


@strawberry.input(description="A purpose that data may not be used for any more.")
class WithdrawConsentInput:
    """What is needed to withdraw a consent."""

    purpose: str = strawberry.field(description="What the data may not be used for any more.")
    subject_id: UUID | None = strawberry.field(
        default=None, description="Whose data; the caller's when left out. Others take `privacy:write`."
    )
    source: str = strawberry.field(default="web", description="Where it was said.")


ConsentReceipt = receipt(Consent, ConsentRows, name="consent")
_receipt: Any = ConsentReceipt
ConsentAnswer = Annotated[
    _receipt | Refused, strawberry.union("ConsentAnswer", description="A receipt, or the refusal.")
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
        description="Who allows what, by pages.",
        needs="privacy:read",
    )

    @field(
        f"What the caller allows, and once allowed, by purpose: at most {LARGEST} of them.",
        list[Consent],
        needs=SIGNED_IN,
    )
    async def my_consents(
        self,
        info: Info,
        after: Annotated[
            str | None, argument("Only purposes that come after this one, the last of those seen.")
        ] = None,
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
            after=Place(after, (consent_id(me, after),)) if after else None,
        )
        return page.rows


@strawberry.type
class Mutation:
    give_consent = described(_give, "Allow data to be used for a purpose.", needs=SIGNED_IN)
    withdraw_consent = described(_withdraw, "Take a consent back.", needs=SIGNED_IN)
