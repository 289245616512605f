"""The manifest of campaigns among the views."""

from domain.campaigns.access import READ
from domain.campaigns.contacts.contact_fields import ContactField
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.templates.templates import Template
from projections.campaigns import contacts, templates
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(
        contacts,
        templates,
    ),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=Contact, view=contacts.Contacts, needs=READ),
            Shown(aggregate=ContactField, view=contacts.ContactFields, needs=READ),
            Shown(aggregate=Template, view=templates.Templates, needs=READ),
        ),
    ),
    exports=(listed("additional_data", "contacts", contacts.Contacts, "id"),),
    not_exported={
        templates.Templates: "Says what is written to many, and nothing of one.",
        templates.TemplateVersions: "Says what is written to many, and nothing of one.",
    },
)
