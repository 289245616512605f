"""What became of the mails of campaigns: for each recipient, and counted."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.campaigns.mailings.mailings import CampaignId, Mailing, MailResult, Reason, message_id, place_of
from domain.kit.fields import Describe, Internal
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.model import Id, Index, PostgresView, Row, replace


class RecipientRow(Row):
    """Somebody to whom a campaign is sent."""

    id: Id
    campaign_id: CampaignId
    contact_id: Annotated[UUID, Internal(), Describe("The contact.")]
    contact_list_id: Annotated[UUID, Internal(), Describe("The list that they were on.")]
    result: Annotated[
        MailResult | None, Internal(), Describe("What became of the mail; null while nothing did.")
    ] = None
    reason: Reason = ""
    at: Annotated[datetime, Internal(), Describe("When that was, or when they were chosen.")]


def _messages(event: Mailing.Frozen, _: Envelope) -> list[UUID]:
    return [message_id(event.originator_id, place) for place in range(len(event.recipients))]


def _handed(event: Mailing.HandedOver, _: Envelope) -> list[UUID]:
    return [message_id(event.originator_id, each.place) for each in event.hand_overs]


class CampaignRecipients(PostgresView[RecipientRow], name="campaigns.recipients", version=1):
    """Each recipient of each campaign."""

    indexes = (
        Index("idx_recipients_campaign", ("campaign_id", "at", "id")),
        Index("idx_recipients_contact", ("contact_id", "at", "id")),
    )

    @on(Mailing.Frozen, by=_messages)
    def frozen(self, row: RecipientRow | None, event: Mailing.Frozen, key: UUID) -> RecipientRow:
        recipient = event.recipients[place_of(key)]
        return RecipientRow(
            id=key,
            campaign_id=event.campaign_id,
            contact_id=recipient.contact_id,
            contact_list_id=recipient.contact_list_id,
            at=event.timestamp,
        )

    @on(Mailing.HandedOver, by=_handed)
    def handed_over(self, row: RecipientRow, event: Mailing.HandedOver, key: UUID) -> RecipientRow:
        place = place_of(key)
        found = next(each for each in event.hand_overs if each.place == place)
        return replace(row, result=found.result, reason=found.reason, at=event.timestamp)
