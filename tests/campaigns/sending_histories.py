"""What happens to campaigns and senders: something of each kind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.campaigns.campaigns.commands import (
    CancelCampaign,
    CompleteCampaign,
    CreateCampaign,
    PauseCampaign,
    ResumeCampaign,
    ScheduleCampaign,
    SetCampaignSender,
    SetCampaignTemplate,
    SetCampaignVariants,
    StartCampaign,
    UnscheduleCampaign,
    UpdateCampaign,
)
from domain.campaigns.campaigns.senders import (
    DeleteSender,
    RegisterSender,
    RenameSender,
    RequestSenderVerification,
    VerifySender,
    verification_id,
)
from domain.campaigns.campaigns.terms import CampaignVariant, WinnerRule
from domain.campaigns.contacts.contact_lists import CreateContactList
from domain.campaigns.mailings.mailings import (
    FreezeMailing,
    HandOver,
    MailResult,
    Recipient,
    RecordMailing,
    mailing_id,
)
from domain.kit.commands import Command
from tests.kit.client import Client


def of_sending(template: UUID) -> Sequence[Command]:
    """Commands that leave rows in every view."""
    sender, campaign, news, soon = uuid4(), uuid4(), uuid4(), datetime.now(UTC) + timedelta(days=1)
    mailing, recipient = mailing_id(campaign, 0), Recipient(contact_id=uuid4(), contact_list_id=news)
    taken = HandOver(place=0, contact_id=recipient.contact_id, result=MailResult.SENT)
    two = CampaignVariant(name="A", share=50, subject="Sale!"), CampaignVariant(name="B", share=50)
    created: dict[str, Any] = {"template_id": template, "sender_id": sender, "list_ids": (news,)}
    return (
        CreateContactList(id=news, name="Of campaigns"),
        RegisterSender(id=sender, name="Shop", address="shop@example.com"),
        RenameSender(id=sender, name="The shop"),
        RequestSenderVerification(id=sender),
        VerifySender(id=sender, verification_id=verification_id(sender, 1)),
        CreateCampaign(id=campaign, name="Sale", **created),
        UpdateCampaign(id=campaign, utm_source="news"),
        SetCampaignSender(id=campaign, sender_id=sender),
        SetCampaignTemplate(id=campaign, template_id=template, template_version=1),
        SetCampaignVariants(id=campaign, variants=two, winner=WinnerRule.CLICKS),
        SetCampaignVariants(id=campaign, variants=()),
        ScheduleCampaign(id=campaign, starts_at=soon, zone="Europe/Prague"),
        UnscheduleCampaign(id=campaign),
        StartCampaign(id=campaign),
        FreezeMailing(
            id=mailing,
            campaign_id=campaign,
            recipients=(recipient, Recipient(contact_id=uuid4(), contact_list_id=news)),
        ),
        RecordMailing(id=mailing, begin=(0, 1)),
        RecordMailing(
            id=mailing,
            hand_overs=(taken,),
        ),
        PauseCampaign(id=campaign),
        ResumeCampaign(id=campaign),
        CompleteCampaign(id=campaign),
        CreateCampaign(id=(other := uuid4()), name="Sale", **created),
        SetCampaignVariants(id=other, variants=two, winner=WinnerRule.CLICKS),
        CancelCampaign(id=other),
        RegisterSender(id=(gone := uuid4()), name="Shop", address="old@example.com"),
        DeleteSender(id=gone),
    )


async def nodes_of_sending(client: Client, template: str) -> dict[str, str]:
    """The id of one object of each type."""
    sender = {"name": "Shop", "address": "shop@example.com"}
    sender_id = (await client.send("RegisterSender", input=sender))["sender"]["id"]
    prepared = {"name": "Sale", "templateId": template, "senderId": sender_id}
    campaign = (await client.send("CreateCampaign", input=prepared))["campaign"]["id"]
    two = [{"name": "A", "share": 50, "subject": "Sale!"}, {"name": "B", "share": 50}]
    compared = {"id": campaign, "variants": two, "winner": "OPENS"}
    variants = (await client.send("SetCampaignVariants", input=compared))["campaign"]["variants"]["nodes"]
    return {"Sender": sender_id, "Campaign": campaign, "CampaignVariant": variants[0]["id"]}
