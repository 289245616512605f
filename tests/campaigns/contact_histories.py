"""What happens to contacts: something of each kind."""

from collections.abc import Sequence
from uuid import uuid4

from domain.campaigns.contacts.contact_commands import CreateContact, UpdateContact
from domain.campaigns.contacts.contact_fields import (
    ChangeContactFieldChoices,
    CreateContactField,
    FieldType,
    FieldValue,
    RelabelContactField,
)
from domain.campaigns.contacts.contact_lists import (
    ChangeContactListOptIn,
    CreateContactList,
    DescribeContactList,
    OptIn,
    RenameContactList,
)
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import (
    ConfirmSubscription,
    SubscribeContact,
    SubscribeThemself,
    UnsubscribeContact,
    UnsubscribeContactFromAll,
)
from domain.campaigns.contacts.suppressions import LiftSuppression, SuppressAddress, SuppressionReason
from domain.kit.commands import Command
from tests.kit.client import Client


def of_contacts() -> Sequence[Command]:
    """Commands that leave rows in every view."""
    contact, field, news, offers, lifted = (uuid4() for _ in range(5))
    source = ConsentSource.FORM
    value = FieldValue(field_id=field, value="gold")
    return (
        CreateContactField(
            id=field, key="tier", label="Tier", type=FieldType.CHOICE, choices=("gold", "silver")
        ),
        RelabelContactField(id=field, label="Status"),
        ChangeContactFieldChoices(id=field, choices=("gold",)),
        CreateContact(id=contact, email="Zoe@example.com", fields=(value,)),
        UpdateContact(id=contact, email="zoe@example.org", first_name="Zoe", fields=()),
        CreateContactList(id=news, name="Letter", opt_in=OptIn.SINGLE),
        CreateContactList(id=offers, name="Sales"),
        RenameContactList(id=offers, name="All sales"),
        DescribeContactList(id=offers, description="Each month"),
        ChangeContactListOptIn(id=news, opt_in=OptIn.DOUBLE),
        ChangeContactListOptIn(id=news, opt_in=OptIn.SINGLE),
        *(SubscribeContact(id=contact, contact_list_id=id, source=source) for id in (news, offers)),
        ConfirmSubscription(id=contact, contact_list_id=offers, ip_address="192.0.2.1"),
        UnsubscribeContact(id=contact, contact_list_id=news, source=source),
        UnsubscribeContactFromAll(id=contact, source=source),
        SubscribeThemself(id=contact, contact_list_id=offers),
        SuppressAddress(id=uuid4(), address="ab" * 16, reason=SuppressionReason.COMPLAINT),
        SuppressAddress(id=lifted, address="cd" * 16, reason=SuppressionReason.HARD_BOUNCE),
        LiftSuppression(id=lifted, note="It is there again"),
    )


async def nodes_of_contacts(client: Client) -> dict[str, str]:
    """The id of one object of each type."""
    field = {"key": "points", "label": "Points", "type": "NUMBER"}
    made = {"ContactField": (await client.send("CreateContactField", input=field))["contactField"]["id"]}
    made["Contact"] = (await client.send("CreateContact", input={"email": "z@example.com"}))["contact"]["id"]
    made["ContactList"] = (await client.send("CreateContactList", input={"name": "News"}))["contactList"][
        "id"
    ]
    suppressed = await client.send("SuppressAddress", input={"email": "y@example.com"})
    return made | {"Suppression": suppressed["suppression"]["id"]}
