"""What happens to contacts: something of each kind."""

from collections.abc import Sequence
from uuid import uuid4

from domain.campaigns.contacts.contact_commands import CreateContact, UpdateContact
from domain.campaigns.contacts.contact_fields import (
    CreateContactField,
    FieldType,
    FieldValue,
    UpdateContactField,
)
from domain.kit.commands import Command
from tests.kit.client import Client


def of_contacts() -> Sequence[Command]:
    """Commands that leave rows in every view."""
    contact, field = uuid4(), uuid4()
    value = FieldValue(field_id=field, value="gold")
    return (
        CreateContactField(
            id=field, key="level", label="Level", type=FieldType.CHOICE, choices=("gold", "silver")
        ),
        UpdateContactField(id=field, label="Status", choices=("gold",)),
        CreateContact(id=contact, email="Zoe@example.com", fields=(value,)),
        UpdateContact(id=contact, email="zoe@example.org", first_name="Zoe", fields=()),
    )


async def nodes_of_contacts(client: Client) -> dict[str, str]:
    """The id of one object of each type."""
    field = {"key": "points", "label": "Points", "type": "NUMBER"}
    made = {"ContactField": (await client.send("CreateContactField", input=field))["contactField"]["id"]}
    made["Contact"] = (await client.send("CreateContact", input={"email": "z@example.com"}))["contact"]["id"]
    return made
