"""Contacts and their custom fields as people read them."""

from typing import Annotated

from domain.campaigns.contacts.contact_fields import Choices, ContactField, Key, Kind, Label
from domain.campaigns.contacts.contacts import Contact, Language, Timezone
from domain.kit.fields import Confidential, Describe, Len, Personal, Purpose
from domain.kit.sealed import fingerprint_of, is_sealed
from projections.kit.declare.folds import carried, on, removed
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version, replace


class ContactRow(Row):
    """A contact; sealed texts are longer than plain ones, so that their length is not limited here."""

    id: Id
    email: Annotated[
        str, Confidential(), Personal(), Describe("The contact's e-mail address, as it was given.")
    ]
    address: Annotated[
        str,
        Len(max_length=255),
        Confidential(),
        Describe("By what the address is found: its fingerprint."),
    ]
    first_name: Annotated[str, Confidential(), Personal(), Describe("The contact's first name.")]
    last_name: Annotated[str, Confidential(), Personal(), Describe("The contact's last name.")]
    language: Language
    timezone: Timezone
    fields: Annotated[
        str,
        Confidential(),
        Personal(),
        Purpose("What the tenant keeps of the contact besides."),
        Describe("The contact's custom fields, by their keys; null for none."),
    ]
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


def found_by(email_key: str) -> str:
    """By what an address as an event holds it is found: its fingerprint, or itself where it is not sealed."""
    return (fingerprint_of(email_key) or "") if is_sealed(email_key) else email_key


class Contacts(PostgresView[ContactRow], name="campaigns.contacts", version=2, inline=True):
    """Every contact; inline, since whoever sends must not be behind."""

    indexes = (
        Index("idx_contacts_address", ("address",)),
        Index("idx_contacts_created_at", ("created_at", "id")),
    )

    @on(Contact.Created, first=True)
    def created(self, row: None, event: Contact.Created) -> ContactRow:
        return ContactRow(
            id=event.originator_id,
            email=event.email,
            address=found_by(event.email_key),
            first_name=event.first_name,
            last_name=event.last_name,
            language=event.language,
            timezone=event.timezone,
            fields=event.fields,
            created_at=event.timestamp,
            updated_at=event.timestamp,
            version=event.originator_version,
        )

    @on(Contact.EmailChanged)
    def email_changed(self, row: ContactRow, event: Contact.EmailChanged) -> ContactRow:
        return replace(
            row,
            email=event.email,
            address=found_by(event.email_key),
            updated_at=event.timestamp,
            version=event.originator_version,
        )

    @on(Contact.Edited)
    def edited(self, row: ContactRow, event: Contact.Edited) -> ContactRow:
        names = ("first_name", "last_name", "language", "timezone", "fields")
        said = {name: value for name in names if (value := getattr(event, name)) is not None}
        return replace(row, **said, updated_at=event.timestamp, version=event.originator_version)

    ended = removed(Contact.Deleted, Contact.Erased)


class ContactFieldRow(Row):
    """A custom field of contacts."""

    id: Id
    key: Key
    label: Label
    type: Kind
    choices: Choices
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class ContactFields(PostgresView[ContactFieldRow], name="campaigns.contact_fields", version=1, inline=True):
    """The custom fields that contacts can have."""

    indexes = (
        Index("idx_contact_fields_key", ("key", "id")),
        Index("idx_contact_fields_created_at", ("created_at", "id")),
    )

    created = carried(ContactField.Created, first=True)
    changed = carried(ContactField.Relabelled, ContactField.ChoicesChanged)
    deleted = removed(ContactField.Deleted)
