"""The manifest of campaigns in the domain."""

from domain.campaigns.access import CONFIDENTIAL, READ, SEND, WRITE
from domain.campaigns.campaigns import campaigns, commands, senders, states
from domain.campaigns.contacts import (
    contact_commands,
    contact_fields,
    contact_lists,
    contacts,
    subscription_commands,
    suppressions,
)
from domain.campaigns.mailings import mailings
from domain.campaigns.mailings.campaign_runs import CampaignRun
from domain.campaigns.mailings.campaign_starts import CampaignStarts
from domain.campaigns.templates import templates
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission
from domain.kit.privacy.subjects import SubjectKind

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        campaigns,
        commands,
        contact_commands,
        contact_fields,
        contact_lists,
        contacts,
        mailings,
        senders,
        states,
        subscription_commands,
        suppressions,
        templates,
    ),
    permissions=(
        Permission(READ, "See templates, campaigns and lists of contacts.", "member"),
        Permission(WRITE, "Write templates, prepare campaigns, and keep contacts.", "member"),
        Permission(SEND, "Send campaigns, pause and cancel them.", "admin"),
        Permission(CONFIDENTIAL, "Read the personal data of contacts.", "member"),
    ),
    processes=(CampaignRun, CampaignStarts),
    subjects=(
        SubjectKind(
            aggregate=contacts.Contact,
            erase=contact_commands.EraseContact,
            gone=(contacts.Contact.Deleted,),
        ),
    ),
    entities=(
        Entity(kind="CAMPAIGN", aggregate=campaigns.Campaign, starts="draft", needs=READ, data=("name",)),
        Entity(kind="CONTACT", aggregate=contacts.Contact, needs=READ),
        Entity(kind="CONTACT_FIELD", aggregate=contact_fields.ContactField, needs=READ, data=("key",)),
        Entity(kind="CONTACT_LIST", aggregate=contact_lists.ContactList, needs=READ, data=("name",)),
        Entity(kind="SUPPRESSION", aggregate=suppressions.Suppression, needs=READ, data=("reason",)),
        Entity(kind="TEMPLATE", aggregate=templates.Template, needs=READ, data=("name",)),
    ),
)
