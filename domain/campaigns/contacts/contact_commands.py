"""The commands on contacts."""

from collections.abc import Mapping
from uuid import UUID

from domain.campaigns.contacts.addresses import Email, address_key
from domain.campaigns.contacts.contact_fields import ContactField, Values, checked
from domain.campaigns.contacts.contacts import Contact, FirstName, Language, LastName, Timezone
from domain.kit.fields import KEPT, Kept
from domain.kit.model import Command


class CreateContact(Command):
    """Create a contact. Being known is no consent: what may be sent, lists and consents say."""

    email: Email
    first_name: FirstName = ""
    last_name: LastName = ""
    language: Language = ""
    timezone: Timezone = ""
    fields: Values = ()

    @property
    def contact_field_ids(self) -> tuple[UUID, ...]:
        """The custom fields that have values."""
        return tuple(dict.fromkeys(given.field_id for given in self.fields))

    def handle(self, contact_fields: Mapping[UUID, ContactField]) -> Contact:
        created = Contact.Created(
            email=self.email.strip(),
            email_key=address_key(self.email),
            first_name=self.first_name.strip(),
            last_name=self.last_name.strip(),
            language=self.language,
            timezone=self.timezone,
            fields=checked(self.fields, contact_fields),
        )
        return Contact.begin(self.id, created)


class UpdateContact(Command):
    """Change a contact; what is left out stays as it is."""

    email: Email | Kept = KEPT
    first_name: FirstName | Kept | None = KEPT
    last_name: LastName | Kept | None = KEPT
    language: Language | Kept | None = KEPT
    timezone: Timezone | Kept | None = KEPT
    fields: Values | Kept = KEPT

    @property
    def contact_field_ids(self) -> tuple[UUID, ...]:
        """The custom fields that have values."""
        given = () if isinstance(self.fields, Kept) else self.fields
        return tuple(dict.fromkeys(value.field_id for value in given))

    def handle(self, contact: Contact, contact_fields: Mapping[UUID, ContactField]) -> None:
        said = self.said
        if (email := said.pop("email", None)) is not None:
            changed = Contact.EmailChanged(
                email=email.strip(),
                email_key=address_key(email),
                unsubscribed_from=contact.unsubscribed_from,
                unsubscribed_from_all=contact.unsubscribed_from_all,
            )
            contact.record(changed)
        if "fields" in said:
            said["fields"] = checked(said["fields"], contact_fields)
        if said:
            contact.record(Contact.Edited(**{name: (value or "").strip() for name, value in said.items()}))


class DeleteContact(Command):
    """Delete a contact and forget what is kept about them; what is suppressed stays so."""

    def handle(self, contact: Contact) -> None:
        contact.record(Contact.Deleted(contact_list_ids=contact.contact_list_ids))


class EraseContact(Command):
    """End a contact because their data are erased."""

    def handle(self, contact: Contact) -> None:
        contact.record(Contact.Erased(contact_list_ids=contact.contact_list_ids))
