"""Campaigns and their senders: queries, live changes and mutations."""

from uuid import UUID

import strawberry

from api.campaigns.contacts import Contact
from api.campaigns.templates import Template
from api.kit.model import Info, Node, Resource, field, headed, linked, shows
from domain.campaigns.access import READ, SEND, WRITE
from domain.campaigns.campaigns import commands
from domain.campaigns.campaigns import senders as sender_commands
from projections.campaigns.campaign_metrics import CampaignMetrics as CampaignMetricsView
from projections.campaigns.campaign_metrics import CampaignMetricsRow, metrics_id
from projections.campaigns.campaigns import (
    CampaignRow,
    Campaigns,
    CampaignVariantRow,
    CampaignVariants,
    SenderRow,
    Senders,
)
from projections.campaigns.contacts import Contacts
from projections.campaigns.recipients import CampaignRecipients, RecipientRow
from projections.campaigns.templates import Templates
from projections.kit.read.keyset import Order


@shows(SenderRow, needs=READ)
class Sender(Node):
    """Whom mails of campaigns come from."""


@shows(CampaignVariantRow, needs=READ, leave_out=("campaign_id", "place"))
class CampaignVariant(Node):
    """What some recipients of a campaign get in place of what it says."""

    subject: str | None
    template = linked(Template, Templates, "template_id", "Its template; null where that is the campaign's.")


@shows(CampaignMetricsRow, needs=READ, leave_out=("campaign_id",))
class CampaignMetrics(Node):
    """How far a campaign is: its recipients, and what became of their mails."""


@shows(RecipientRow, needs=READ, leave_out=("campaign_id", "contact_id", "contact_list_id"))
class CampaignRecipient(Node):
    """A recipient of a campaign. The id is that of the message, as providers know it."""

    reason: str | None
    contact = linked(Contact, Contacts, "contact_id", "The contact; null once they are gone.")


@shows(CampaignRow, needs=READ)
class Campaign(Node):
    """A version of a template that is sent to lists of contacts."""

    subject: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    template = linked(Template, Templates, "template_id", "The template.")
    sender = linked(Sender, Senders, "sender_id", "Who it comes from; null once that is deleted.")
    variants = headed(
        CampaignVariant,
        CampaignVariants,
        "campaign_id",
        order=Order("place"),
        description="What is compared, by pages.",
    )
    recipients = headed(
        CampaignRecipient,
        CampaignRecipients,
        "campaign_id",
        order=Order("at"),
        description="Its recipients, from its start on, by pages.",
    )

    @field(
        "How far it is; null until it has recipients, and in the past.", CampaignMetrics | None, needs=READ
    )
    async def metrics(self, info: Info) -> CampaignMetricsRow | None:
        ask = info.context
        id: UUID = self.id
        if ask.moment(info) is not None:
            return None
        await ask.caught_up(CampaignMetricsView, None)
        return await ask.row(CampaignMetricsView, metrics_id(id))


_campaigns = Resource(Campaign, Campaigns, read=READ, write=WRITE)
_metrics = Resource(CampaignMetrics, CampaignMetricsView, read=READ)
_recipients = Resource(CampaignRecipient, CampaignRecipients, read=READ)
_variants = Resource(CampaignVariant, CampaignVariants, read=READ)
_senders = Resource(Sender, Senders, read=READ, write=WRITE)


@strawberry.type
class Query:
    campaign = _campaigns.by_id("A campaign by id.")
    campaigns = _campaigns.list("Campaigns, by pages.", orders=("created_at", "name", "starts_at"))
    sender = _senders.by_id("A sender of campaigns by id.")
    senders = _senders.list("Senders of campaigns, by pages.")


@strawberry.type
class Mutation:
    create_campaign = _campaigns.mutation(commands.CreateCampaign)
    update_campaign = _campaigns.mutation(commands.UpdateCampaign)
    set_campaign_sender = _campaigns.mutation(commands.SetCampaignSender)
    set_campaign_template = _campaigns.mutation(commands.SetCampaignTemplate)
    set_campaign_variants = _campaigns.mutation(commands.SetCampaignVariants)
    schedule_campaign = _campaigns.mutation(commands.ScheduleCampaign, needs=SEND)
    unschedule_campaign = _campaigns.mutation(commands.UnscheduleCampaign, needs=SEND)
    start_campaign = _campaigns.mutation(commands.StartCampaign, needs=SEND)
    pause_campaign = _campaigns.mutation(commands.PauseCampaign, needs=SEND, leave_out=("reason",))
    resume_campaign = _campaigns.mutation(commands.ResumeCampaign, needs=SEND)
    cancel_campaign = _campaigns.mutation(commands.CancelCampaign, needs=SEND)
    register_sender = _senders.mutation(sender_commands.RegisterSender)
    rename_sender = _senders.mutation(sender_commands.RenameSender)
    request_sender_verification = _senders.mutation(sender_commands.RequestSenderVerification, needs=SEND)
    delete_sender = _senders.mutation(sender_commands.DeleteSender)
