"""The commands by which contacts come to lists, and leave them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.campaigns.contacts.contact_lists import ContactList, OptIn
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.memberships import (
    CONFIRM_WITHIN,
    MOST_LISTS,
    ConfirmationNotValid,
    ConsentSource,
    ContactHasUnsubscribed,
    IpAddress,
    MembershipState,
    Source,
    TextVersion,
    TooManyLists,
)
from domain.kit.fields import Describe, References
from domain.kit.model import Command

LIST = "campaigns.contact_list"


class SubscribeContact(Command):
    """Subscribe a contact to a list; one with double opt-in has them confirm it by mail first."""

    contact_list_id: Annotated[UUID, Describe("The list.")]
    source: Source
    text_version: TextVersion = ""
    ip_address: IpAddress = ""

    def handle(self, contact: Contact, contact_list: ContactList, now: datetime) -> None:
        known = contact.memberships.get(self.contact_list_id)
        if known is not None and known.state is MembershipState.SUBSCRIBED:
            return
        _require_room(contact, self.contact_list_id)
        said = self.contact_list_id, self.source, self.text_version.strip(), self.ip_address.strip()
        if contact_list.opt_in is OptIn.DOUBLE:
            contact.ask(*said, now)
        elif contact.unsubscribed_from_all or (known is not None and known.left):
            raise ContactHasUnsubscribed(field="id")
        else:
            contact.subscribe(*said, themself=False)


class ConfirmSubscription(Command):
    """Confirm a subscription that was asked for by mail."""

    contact_list_id: Annotated[UUID, Describe("The list.")]
    ip_address: IpAddress = ""

    def handle(self, contact: Contact, contact_list: ContactList, now: datetime) -> None:
        known = contact.memberships.get(self.contact_list_id)
        if known is not None and known.state is MembershipState.SUBSCRIBED:
            # Who presses twice means the same.
            return
        waits = known is not None and known.state is MembershipState.PENDING
        if known is None or not waits or known.asked_at is None or now >= known.asked_at + CONFIRM_WITHIN:
            raise ConfirmationNotValid(field="contact_list_id")
        contact.subscribe(
            self.contact_list_id, known.source, known.text_version, self.ip_address, themself=True
        )


class SubscribeThemself(Command):
    """Subscribe somebody who says so by a link that was mailed to them."""

    contact_list_id: Annotated[UUID, Describe("The list.")]
    ip_address: IpAddress = ""

    def handle(self, contact: Contact, contact_list: ContactList) -> None:
        known = contact.memberships.get(self.contact_list_id)
        if known is None or known.state is not MembershipState.SUBSCRIBED:
            _require_room(contact, self.contact_list_id)
            contact.subscribe(self.contact_list_id, ConsentSource.MAIL, "", self.ip_address, themself=True)


class UnsubscribeContact(Command):
    """Unsubscribe a contact from a list; only they can subscribe again."""

    contact_list_id: Annotated[UUID, References(LIST), Describe("The list.")]
    source: Source

    def handle(self, contact: Contact) -> None:
        known = contact.memberships.get(self.contact_list_id)
        if known is None or known.state is not MembershipState.UNSUBSCRIBED:
            unsubscribed = Contact.Unsubscribed(
                contact_list_id=self.contact_list_id, source=self.source, email_key=contact.email_key
            )
            contact.record(unsubscribed)


class UnsubscribeContactFromAll(Command):
    """Unsubscribe a contact from whatever is sent; only they can subscribe again."""

    source: Source

    def handle(self, contact: Contact) -> None:
        if (
            set(contact.contact_list_ids) - set(contact.unsubscribed_from)
            or not contact.unsubscribed_from_all
        ):
            unsubscribed = Contact.UnsubscribedFromAll(
                contact_list_ids=contact.contact_list_ids, source=self.source, email_key=contact.email_key
            )
            contact.record(unsubscribed)


def _require_room(contact: Contact, contact_list_id: UUID) -> None:
    if contact_list_id not in contact.memberships and len(contact.memberships) >= MOST_LISTS:
        raise TooManyLists(field="contact_list_id", most=MOST_LISTS)
