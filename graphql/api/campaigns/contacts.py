"""Contacts and their custom fields: queries, live changes and mutations."""

from typing import Annotated

import strawberry

from api.kit.model import After, Info, Node, Resource, argument, field, shows
from api.kit.schema.scalars import Json
from domain.campaigns.access import CONFIDENTIAL, READ, WRITE
from domain.campaigns.contacts import contact_commands as commands
from domain.campaigns.contacts import contact_fields
from domain.campaigns.contacts.addresses import EMAIL_INDEX, address_key
from domain.kit.refusals import Invalid
from projections.campaigns.contacts import ContactFieldRow, ContactFields, ContactRow, Contacts
from projections.kit.read import conditions
from projections.kit.read.keyset import Order


@shows(ContactRow, needs=READ, about="id", leave_out=("address",))
class Contact(Node):
    """Somebody whom the tenant writes to."""

    first_name: str | None
    last_name: str | None
    language: str | None
    timezone: str | None
    fields: Json | None


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
