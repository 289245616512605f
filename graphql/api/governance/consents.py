"""Consents: what people allow to be done with their data."""

from uuid import UUID

import strawberry

from api.governance.requests import data_subject, sent
from api.kit.model import (
    COVERED,
    SIGNED_IN,
    Node,
    Refusal,
    Resource,
    Sending,
    Sent,
    shows,
)
from domain.governance.consents import consent_id
from projections.governance.consents import ConsentRow, ConsentRows
from projections.governance.privacy import Privacy
from projections.kit.read.keyset import Order


@shows(ConsentRow, needs=COVERED, about="subject_id")
class Consent(Node):
    """A user's consent to the use of their data for one purpose."""

    text_version: str | None


_consents = Resource(
    Consent, ConsentRows, read="privacy:read", write=SIGNED_IN, own="subject_id", own_read=SIGNED_IN
)


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

    my_consents = _consents.own_list(
        "The caller's consents, given or withdrawn, sorted by purpose, by pages.", order=Order("purpose")
    )


@strawberry.type
class Mutation:
    give_consent = _consents.request(
        GiveConsentInput, _give, "Give consent to the use of data for a purpose."
    )
    withdraw_consent = _consents.request(
        WithdrawConsentInput, _withdraw, "Withdraw a consent, or refuse one that was never given."
    )
