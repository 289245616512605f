"""What happens in campaigns: something of each kind."""

from collections.abc import Sequence
from uuid import uuid4

from domain.campaigns.templates.templates import (
    ArchiveTemplate,
    CreateTemplate,
    DuplicateTemplate,
    RenameTemplate,
    RestoreTemplate,
    SaveTemplate,
)
from domain.kit.commands import Command
from tests.campaigns.contact_histories import nodes_of_contacts, of_contacts
from tests.campaigns.mails import MJML
from tests.campaigns.sending_histories import nodes_of_sending, of_sending
from tests.kit.client import Client


def of_campaigns() -> Sequence[Command]:
    """Commands that leave rows in every view."""
    template = uuid4()
    return (
        *of_contacts(),
        CreateTemplate(id=template, name="Sale", subject="Sale!", body=MJML),
        SaveTemplate(id=template, subject="Last days", preheader="Of the sale", text="{{ unsubscribe_url }}"),
        RenameTemplate(id=template, name="Winter sale"),
        ArchiveTemplate(id=template),
        RestoreTemplate(id=template),
        DuplicateTemplate(id=uuid4(), template_id=template, name="Spring sale"),
        *of_sending(template),
    )


async def nodes_of_campaigns(client: Client) -> dict[str, str]:
    """The id of one object of each type."""
    written = {"name": "Sale", "subject": "Sale!", "body": MJML}
    template = (await client.send("CreateTemplate", input=written))["template"]["id"]
    versions = (await client.send("Template", id=template))["versions"]["nodes"]
    made = {"Template": template, "TemplateVersion": versions[0]["id"]}
    return {**made, **await nodes_of_contacts(client), **await nodes_of_sending(client, template)}
