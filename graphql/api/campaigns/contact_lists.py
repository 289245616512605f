"""Lists of contacts: queries, live changes, and how contacts come to them and leave them."""

from typing import Annotated

import strawberry

from api.campaigns.contacts import Contact
from api.kit.model import Node, Refusal, Resource, Sending, Sent, headed, linked, shows
from domain.campaigns.access import READ, WRITE
from domain.campaigns.contacts import contact_lists as commands
from domain.campaigns.contacts import subscription_commands as subscriptions
from domain.campaigns.contacts.choices import ContactChoices
from projections.campaigns.contact_lists import (
    ContactListRow,
    ContactLists,
    ContactMembershipRow,
    ContactMemberships,
)
from projections.campaigns.contacts import Contacts
from projections.kit.read.keyset import Order


@shows(ContactListRow, needs=READ)
class ContactList(Node):
    """A list that contacts subscribe to."""

    members = headed(
        Annotated["ContactMembership", strawberry.lazy("api.campaigns.contact_lists")],
        ContactMemberships,
        "contact_list_id",
        order=Order("since"),
        description="The contacts that have to do with the list, by pages.",
    )


@shows(
    ContactMembershipRow,
    needs=READ,
    name="ContactMembership",
    about="contact_id",
    leave_out=("contact_id", "contact_list_id"),
)
class ContactMembership:
    """What a contact is to a list, and how that came to be."""

    text_version: str | None
    ip_address: str | None

    contact = linked(Contact, Contacts, "contact_id", "The contact.")
    contact_list = linked(
        ContactList, ContactLists, "contact_list_id", "The list; null if it was deleted since."
    )


_lists = Resource(ContactList, ContactLists, read=READ, write=WRITE)
_members = Resource(ContactMembership, ContactMemberships, read=READ)
_members.filter(also=("contact_id", "contact_list_id"))
_subscribed = Resource(Contact, Contacts, read=READ, write=WRITE)


async def _from_all(sending: Sending) -> Sent | Refusal:
    command = await sending.command(subscriptions.UnsubscribeContactFromAll)
    choices = sending.ask.services.ports[ContactChoices]
    assert isinstance(choices, ContactChoices)
    stored = await choices.unsubscribe_from_all(command, by=sending.ask.caller, command_id=sending.command_id)
    return stored if isinstance(stored, Refusal) else Sent(stored, {"target": command.id})


@strawberry.type
class Query:
    contact_list = _lists.by_id("A list of contacts by id.")
    contact_lists = _lists.list("The lists of contacts, by pages.")


@strawberry.type
class Mutation:
    create_contact_list = _lists.mutation(commands.CreateContactList)
    update_contact_list = _lists.mutation(commands.UpdateContactList)
    delete_contact_list = _lists.mutation(commands.DeleteContactList)
    subscribe_contact = _subscribed.mutation(subscriptions.SubscribeContact)
    unsubscribe_contact = _subscribed.mutation(subscriptions.UnsubscribeContact)
    unsubscribe_contact_from_all = _subscribed.mutation(
        subscriptions.UnsubscribeContactFromAll, send=_from_all
    )
