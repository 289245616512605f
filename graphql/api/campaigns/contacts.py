"""Contacts and their custom fields: queries, live changes and mutations."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.kit.model import After, Info, Node, Resource, argument, enum, field, headed, shows
from api.kit.schema.scalars import Json
from domain.campaigns.access import CONFIDENTIAL, READ, WRITE
from domain.campaigns.contacts import contact_commands as commands
from domain.campaigns.contacts import contact_fields
from domain.campaigns.contacts.addresses import EMAIL_INDEX, address_key
from domain.campaigns.contacts.mailability import Mailability, MailRefusal
from domain.kit.refusals import Invalid
from projections.campaigns.contact_lists import ContactMemberships
from projections.campaigns.contacts import ContactFieldRow, ContactFields, ContactRow, Contacts
from projections.kit.read import conditions
from projections.kit.read.keyset import Order

if TYPE_CHECKING:
    from api.campaigns.contact_lists import ContactMembership

enum(MailRefusal)


@shows(ContactRow, needs=READ, about="id", leave_out=("address",))
class Contact(Node):
    """A person outside the company to write to."""

    first_name: str | None
    last_name: str | None
    language: str | None
    timezone: str | None
    fields: Json | None

    memberships = headed(
        Annotated["ContactMembership", strawberry.lazy("api.campaigns.contact_lists")],
        ContactMemberships,
        "contact_id",
        order=Order("contact_list_id"),
        description="What the contact is to lists, by pages.",
    )

    @field("Why the contact may not be written to; null where they may.", MailRefusal | None, needs=READ)
    async def mail_refusal(
        self,
        info: Info,
        contact_list_id: Annotated[
            UUID | None, argument("The list that is sent to; without it consent to `marketing.email` counts.")
        ] = None,
    ) -> MailRefusal | None:
        port = info.context.services.ports[Mailability]
        assert isinstance(port, Mailability)
        return await info.context.batched(port.of_each, (self.id, contact_list_id))


@shows(ContactFieldRow, needs=READ)
class ContactField(Node):
    """A custom field of contacts."""


_contacts = Resource(Contact, Contacts, read=READ, write=WRITE)
_fields = Resource(ContactField, ContactFields, read=READ, write=WRITE)


@strawberry.type
class Query:
    contact = _contacts.by_id("A contact by id.")
    contacts = _contacts.list("Contacts, by pages.")
    contact_field = _fields.by_id("A custom field of contacts by id.")
    contact_fields = _fields.list("The custom fields of contacts, by pages.")

    @field("The contact with this e-mail address, however it is written.", Contact | None, needs=CONFIDENTIAL)
    async def contact_by_email(
        self,
        info: Info,
        email: Annotated[str, argument("The complete e-mail address.")],
        after_position: After = None,
    ) -> ContactRow | None:
        ask = info.context
        await ask.caught_up(Contacts, after_position)
        try:
            key = address_key(email)
        except Invalid:
            return None
        page = await ask.services.rows.page(
            Contacts,
            ask.caller.tenant_id,
            where=conditions.equals("address", ask.services.codec.fingerprint(EMAIL_INDEX, key)),
            order=Order("created_at"),
            limit=1,
        )
        return await ask.row(Contacts, page.rows[0].id) if page.rows else None


@strawberry.type
class Mutation:
    create_contact = _contacts.mutation(commands.CreateContact)
    update_contact = _contacts.mutation(commands.UpdateContact)
    delete_contact = _contacts.mutation(commands.DeleteContact)
    create_contact_field = _fields.mutation(contact_fields.CreateContactField)
    update_contact_field = _fields.mutation(contact_fields.UpdateContactField)
    delete_contact_field = _fields.mutation(contact_fields.DeleteContactField)
