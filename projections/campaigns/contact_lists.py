"""Lists of contacts, and who is subscribed to them, as people read them and as whoever sends asks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.campaigns.contacts.contact_lists import ContactList, Description, Name, Way
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.memberships import (
    ListId,
    MembershipState,
    Source,
    State,
    TextVersion,
    Themself,
)
from domain.kit.fields import Confidential, Describe, Internal, Personal
from domain.kit.log import Envelope
from projections.kit.declare.folds import STREAM, TIME, carried, on, removed
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version, replace


class ContactListRow(Row):
    """A list of contacts."""

    id: Id
    name: Name
    description: Description
    opt_in: Way
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class ContactLists(PostgresView[ContactListRow], name="campaigns.contact_lists", version=1, inline=True):
    """Every list that is not deleted."""

    words = ("name", "description")
    collated = {"name": ("name",)}
    indexes = (
        Index("idx_contact_lists_name", ("name_order", "id")),
        Index("idx_contact_lists_created_at", ("created_at", "id")),
        Index("idx_contact_lists_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    created = carried(ContactList.Created, first=True)
    changed = carried(ContactList.Renamed, ContactList.Described, ContactList.OptInChanged)
    deleted = removed(ContactList.Deleted)


class ContactMembershipRow(Row):
    """What a contact is to a list."""

    contact_id: Annotated[UUID, Internal(), Describe("The contact.")]
    contact_list_id: ListId
    state: State
    source: Source
    text_version: TextVersion = ""
    ip_address: Annotated[
        str,
        Confidential(),
        Personal(subject="contact_id"),
        Describe("From where it was said; null where nobody noted it."),
    ] = ""
    themself: Themself = False
    since: Annotated[datetime, Internal(), Describe("When it came to be so.")]


_Joined = Contact.ConfirmationAsked | Contact.Subscribed


def _of_list(event: _Joined | Contact.Unsubscribed, _: Envelope) -> tuple[UUID, UUID]:
    return event.originator_id, event.contact_list_id


def _of_lists(
    event: Contact.UnsubscribedFromAll | Contact.Deleted | Contact.Erased, _: Envelope
) -> list[tuple[UUID, UUID]]:
    return [(event.originator_id, id) for id in event.contact_list_ids]


class ContactMemberships(
    PostgresView[ContactMembershipRow],
    name="campaigns.contact_memberships",
    version=1,
    key=("contact_id", "contact_list_id"),
    inline=True,
):
    """What contacts are to lists; inline, so that nobody is written to who has just left one."""

    indexes = (Index("idx_contact_memberships_list", ("contact_list_id", "state", "since", "contact_id")),)

    asked = carried(
        Contact.ConfirmationAsked,
        by=_of_list,
        upsert=True,
        contact_id=STREAM,
        state=MembershipState.PENDING,
        themself=False,
        since=TIME,
    )
    subscribed = carried(
        Contact.Subscribed,
        by=_of_list,
        upsert=True,
        contact_id=STREAM,
        state=MembershipState.SUBSCRIBED,
        since=TIME,
    )

    @on(Contact.Unsubscribed, by=_of_list)
    def unsubscribed(
        self, row: ContactMembershipRow | None, event: Contact.Unsubscribed
    ) -> ContactMembershipRow:
        return ContactMembershipRow(
            contact_id=event.originator_id,
            contact_list_id=event.contact_list_id,
            state=MembershipState.UNSUBSCRIBED,
            source=event.source,
            since=event.timestamp,
        )

    @on(Contact.UnsubscribedFromAll, by=_of_lists)
    def unsubscribed_from_all(
        self, row: ContactMembershipRow | None, event: Contact.UnsubscribedFromAll, key: tuple[UUID, UUID]
    ) -> ContactMembershipRow | None:
        if row is None or row.state is MembershipState.UNSUBSCRIBED:
            return row
        return replace(
            row,
            state=MembershipState.UNSUBSCRIBED,
            source=event.source,
            text_version="",
            ip_address="",
            themself=False,
            since=event.timestamp,
        )

    ended = removed(Contact.Deleted, Contact.Erased, by=_of_lists)
