"""Mailings: some of a campaign's recipients, frozen when it started, and what became of the mail to each.

A mail is begun in the log before it is handed over, and what came of it is recorded after that. So whoever goes on
after a kill knows which mails may have left, and hands none of them over again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Internal, Interval, Len, References
from domain.kit.ids import id_from, id_of
from domain.kit.model import Aggregate, Command, Event, Refusal, applies

LARGEST = 250
"""Recipients of a mailing at the most."""
_PLACES = 0xFFFF


class MailResult(StrEnum):
    """What became of the mail to a recipient, as far as it depends on whoever sends."""

    SENT = "sent"
    """The mail server has taken it."""
    REFUSED = "refused"
    """The mail server will never take it."""
    SKIPPED = "skipped"
    """It was not sent, since the recipient may not be written to."""
    DEFERRED = "deferred"
    """The mail server did not take it at this moment; it is tried again."""
    UNKNOWN = "unknown"
    """Whoever sent it was stopped at that moment; it is not sent again."""


CampaignId = Annotated[UUID, Internal(), Describe("The campaign.")]
Place = Annotated[int, Interval(ge=0, lt=LARGEST)]
Places = Annotated[tuple[Place, ...], Len(0, LARGEST), Internal()]
Reason = Annotated[
    str, Len(0, 50), Internal(), Describe("Why, in a word or as the status code of the server.")
]


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Who is written to, and why."""

    contact_id: Annotated[UUID, Internal(), Describe("The contact.")]
    contact_list_id: Annotated[UUID, Internal(), Describe("The list that they are on.")]


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What became of one mail."""

    place: Annotated[Place, Internal(), Describe("The recipient's place in the mailing, from 0.")]
    contact_id: Annotated[UUID, Internal(), Describe("The contact.")]
    result: Annotated[MailResult, Internal(), Describe("What became of it.")]
    reason: Reason = ""


Recipients = Annotated[
    tuple[Recipient, ...], Len(1, LARGEST), Internal(), Describe("Who is written to, in this order.")
]
HandOvers = Annotated[
    tuple[HandOver, ...], Len(0, LARGEST), Internal(), Describe("What became of mails that were begun.")
]


class MailingMoved(Refusal):
    """Somebody else has gone on with this mailing."""


class Mailing(Aggregate, topic="campaigns.mailing"):
    """Some of the recipients of a campaign."""

    class Frozen(Event):
        campaign_id: CampaignId
        recipients: Recipients

    class Begun(Event):
        campaign_id: CampaignId
        places: Annotated[Places, Describe("Whose mails may be handed over from now on.")]

    class HandedOver(Event):
        campaign_id: CampaignId
        hand_overs: HandOvers

    campaign_id: UUID
    recipients: tuple[Recipient, ...] = ()
    open: tuple[int, ...] = ()
    """The places of whom nothing is settled about."""
    begun: tuple[int, ...] = ()
    """Those of them whose mail may have been handed over."""

    @applies(Frozen)
    def _frozen(self, event: Frozen) -> None:
        self.campaign_id, self.recipients = event.campaign_id, event.recipients
        self.open = tuple(range(len(event.recipients)))

    @applies(Begun)
    def _begun(self, event: Begun) -> None:
        self.begun = event.places

    @applies(HandedOver)
    def _handed_over(self, event: HandedOver) -> None:
        known = {each.place for each in event.hand_overs}
        settled = {each.place for each in event.hand_overs if each.result is not MailResult.DEFERRED}
        self.open = tuple(place for place in self.open if place not in settled)
        self.begun = tuple(place for place in self.begun if place not in known)


class FreezeMailing(Command):
    """Freeze some of the recipients of a campaign. Its id is its `mailing_id`; no client sends this."""

    campaign_id: Annotated[CampaignId, References("campaigns.campaign")]
    recipients: Recipients

    def handle(self) -> Mailing:
        frozen = Mailing.Frozen(campaign_id=self.campaign_id, recipients=self.recipients)
        return Mailing.begin(self.id, frozen)


class RecordMailing(Command):
    """Record what became of mails that were begun, and begin those of other places; no client sends this."""

    hand_overs: HandOvers = ()
    begin: Annotated[Places, Describe("The places whose mails are begun.")] = ()

    def handle(self, mailing: Mailing) -> None:
        if not {each.place for each in self.hand_overs} <= set(mailing.open):
            raise MailingMoved(field="hand_overs")
        if self.hand_overs:
            handed = Mailing.HandedOver(campaign_id=mailing.campaign_id, hand_overs=self.hand_overs)
            mailing.record(handed)
        if self.begin:
            if mailing.begun or not set(self.begin) <= set(mailing.open):
                raise MailingMoved(field="begin")
            mailing.record(Mailing.Begun(campaign_id=mailing.campaign_id, places=self.begin))


def mailing_id(campaign_id: UUID, number: int) -> UUID:
    """The id of a mailing of a campaign, by its number from 0."""
    return id_from(campaign_id, f"mailing {number}")


def message_id(mailing_id: UUID, place: int) -> UUID:
    """The id of the message to a recipient of a mailing, at providers and in its header; see `place_of`."""
    return id_of(mailing_id.int & ~_PLACES | place)


def place_of(message_id: UUID) -> int:
    """The place of the recipient in their mailing: the last bits of the id."""
    return message_id.int & _PLACES


def settled(
    places: Sequence[int], mailing: Mailing, result: MailResult, reason: str = ""
) -> tuple[HandOver, ...]:
    """The same result for several places."""
    return tuple(
        HandOver(place=place, contact_id=mailing.recipients[place].contact_id, result=result, reason=reason)
        for place in places
    )
