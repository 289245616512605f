"""The manifest of campaigns among the views."""

from domain.campaigns.access import READ
from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.senders import SenderIdentity
from domain.campaigns.contacts.contact_fields import ContactField
from domain.campaigns.contacts.contact_lists import ContactList
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.suppressions import Suppression
from domain.campaigns.templates.templates import Template
from projections.campaigns import (
    campaign_metrics,
    campaigns,
    contact_lists,
    contacts,
    recipients,
    suppressions,
    templates,
)
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(
        campaign_metrics,
        campaigns,
        contact_lists,
        contacts,
        recipients,
        suppressions,
        templates,
    ),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Campaign, view=campaigns.Campaigns, needs=READ),
            Shown(aggregate=SenderIdentity, view=campaigns.Senders, needs=READ),
            Shown(aggregate=Contact, view=contacts.Contacts, needs=READ),
            Shown(aggregate=ContactField, view=contacts.ContactFields, needs=READ),
            Shown(aggregate=ContactList, view=contact_lists.ContactLists, needs=READ),
            Shown(aggregate=Suppression, view=suppressions.Suppressions, needs=READ),
            Shown(aggregate=Template, view=templates.Templates, needs=READ),
        ),
    ),
    exports=(
        listed("additional_data", "contacts", contacts.Contacts, "id"),
        listed("additional_data", "contact_memberships", contact_lists.ContactMemberships, "contact_id"),
        listed("additional_data", "campaign_mails", recipients.CampaignRecipients, "contact_id"),
    ),
    not_exported={
        campaign_metrics.CampaignMetrics: "Counts many, and says nothing of one.",
        campaigns.Campaigns: "Says what is written to many, and nothing of one.",
        campaigns.CampaignVariants: "Says what is written to many, and nothing of one.",
        campaigns.Senders: "Says whom mails to many come from; who registered that stands in `activity_data`.",
        suppressions.Suppressions: "Holds no address: it is kept to honour what was said, whoever is forgotten.",
        templates.Templates: "Says what is written to many, and nothing of one.",
        templates.TemplateVersions: "Says what is written to many, and nothing of one.",
    },
)
