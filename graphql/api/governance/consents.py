"""Consents: what people allow to be done with their data."""

from uuid import UUID

import strawberry

from api.governance.requests import data_subject, sent
from api.kit.model import (
    COVERED,
    PAGE_ARGUMENTS,
    SIGNED_IN,
    After,
    Connection,
    Info,
    Node,
    PageRequest,
    Refusal,
    Resource,
    Sending,
    Sent,
    connect,
    field,
    shows,
)
from domain.governance.consents import consent_id
from projections.governance.consents import ConsentRow, ConsentRows
from projections.governance.privacy import Privacy
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order


@shows(ConsentRow, needs=COVERED, about="subject_id")
class Consent(Node):
    """A user's consent to the use of their data for one purpose."""

    text_version: str | None


_consents = Resource(Consent, ConsentRows, read="privacy:read", write=SIGNED_IN, own="subject_id")


@strawberry.input(description="Input of `giveConsent`.")
class GiveConsentInput:
    """What is needed to give a consent."""

    purpose: str = strawberry.field(description="The purpose, such as `marketing.email`.")
    subject_id: UUID | None = strawberry.field(
        default=None, description="The user; by default the caller. Others require `privacy:write`."
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
        default=None, description="The user; by default the caller. Others require `privacy:write`."
    )
    source: str = strawberry.field(default="web", description="Where the consent was given or withdrawn.")


async def _give(sending: Sending) -> Sent | Refusal:
    requester, given = data_subject(sending), sending.input
    subject = given.subject_id or requester.by.user_id
    stored = await sending.ask.port(Privacy).give(
        requester, subject, given.purpose, source=given.source, text_version=given.text_version
    )
    return sent(stored, target=consent_id(subject, given.purpose))


async def _withdraw(sending: Sending) -> Sent | Refusal:
    requester, given = data_subject(sending), sending.input
    subject = given.subject_id or requester.by.user_id
    stored = await sending.ask.port(Privacy).withdraw(requester, subject, given.purpose, source=given.source)
    return sent(stored, target=consent_id(subject, given.purpose))


@strawberry.type
class Query:
    consents = _consents.list("The people's consents, by pages.")

    async def _mine(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        after_position: After = None,
    ) -> "Connection[Consent]":
        ask = info.context
        await ask.caught_up(ConsentRows, after_position)
        return await connect(
            ask,
            ConsentRows,
            where=equals("subject_id", ask.caller.user_id),
            order=Order("purpose"),
            wanted=PageRequest(first=first, after=after, last=last, before=before),
        )

    _mine.__annotations__ |= PAGE_ARGUMENTS
    my_consents = field(
        "The caller's consents, given or withdrawn, sorted by purpose, by pages.", needs=SIGNED_IN
    )(_mine)
    del _mine


@strawberry.type
class Mutation:
    give_consent = _consents.request(
        GiveConsentInput, _give, "Give consent to the use of data for a purpose."
    )
    withdraw_consent = _consents.request(
        WithdrawConsentInput, _withdraw, "Withdraw a consent, or refuse one that was never given."
    )
