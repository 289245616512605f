"""Contacts: people outside the company whom a tenant writes to. A contact is no user and cannot sign in."""

from dataclasses import field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.campaigns.contacts.addresses import EMAIL_INDEX, Email, EmailKey
from domain.campaigns.contacts.memberships import (
    AGAIN_AFTER,
    ConfirmationJustAsked,
    ConsentSource,
    IpAddress,
    ListId,
    ListIds,
    Membership,
    MembershipState,
    Source,
    TextVersion,
    Themself,
)
from domain.kit.fields import Confidential, Describe, Internal, Len, Pattern, Personal, Purpose, Requires
from domain.kit.model import ONE_LINE, Aggregate, Event, Unique, applies, assigns
from domain.kit.process.zones import require_zone

FirstName = Annotated[
    str,
    Len(0, 100),
    ONE_LINE,
    Confidential(),
    Personal(),
    Purpose("To address the contact."),
    Describe("The contact's first name."),
]
LastName = Annotated[
    str,
    Len(0, 100),
    ONE_LINE,
    Confidential(),
    Personal(),
    Purpose("To address the contact."),
    Describe("The contact's last name."),
]
Language = Annotated[
    str,
    Len(0, 10),
    Pattern(r"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?", "is not a language tag such as en or pt-BR"),
    Internal(),
    Describe("The contact's language, as a tag such as `en` or `pt-BR`."),
]


def _require_zone_or_none(name: str) -> None:
    """Raise Invalid unless there is a zone of this name; nothing is none."""
    if name:
        require_zone(name)


Timezone = Annotated[
    str,
    Len(0, 50),
    Internal(),
    Requires(_require_zone_or_none),
    Describe("The contact's IANA time zone, such as `Europe/Berlin`."),
]
Fields = Annotated[
    str,
    Len(0, 70_000),
    Confidential(),
    Personal(),
    Purpose("What the tenant keeps of the contact besides, to choose and fill what it writes."),
    Describe("The contact's custom fields, by their keys."),
]


class Contact(
    Aggregate,
    topic="campaigns.contact",
    unique=(Unique("email_key", stored_as=EMAIL_INDEX, field="email", personal=True),),
):
    """Somebody whom a tenant writes to."""

    class_version = 2
    oldest_snapshot = 2

    class Created(Event):
        email: Email
        email_key: EmailKey
        first_name: FirstName = ""
        last_name: LastName = ""
        language: Language = ""
        timezone: Timezone = ""
        fields: Fields = ""

    class EmailChanged(Event):
        """What they have unsubscribed from holds for the new address too."""

        email: Email
        email_key: EmailKey
        unsubscribed_from: ListIds = ()
        unsubscribed_from_all: Annotated[bool, Internal(), Describe("Whether they want nothing at all.")] = (
            False
        )

    class Edited(Event):
        """Null: as it was."""

        first_name: FirstName | None = None
        last_name: LastName | None = None
        language: Language | None = None
        timezone: Timezone | None = None
        fields: Fields | None = None

    class ConfirmationAsked(Event):
        contact_list_id: ListId
        source: Source
        text_version: TextVersion = ""
        ip_address: IpAddress = ""

    class Subscribed(Event):
        contact_list_id: ListId
        source: Source
        text_version: TextVersion = ""
        ip_address: IpAddress = ""
        themself: Themself = False
        email_key: EmailKey

    class Unsubscribed(Event):
        contact_list_id: ListId
        source: Source
        email_key: EmailKey

    class UnsubscribedFromAll(Event):
        contact_list_ids: ListIds
        source: Source
        email_key: EmailKey

    class Deleted(Event, ends=True):
        contact_list_ids: ListIds = ()

    class Erased(Event, ends=True):
        contact_list_ids: ListIds = ()

    email: str
    email_key: str
    """Both are sealed once they are in the log: the key tells what it is equal to, and no more."""
    memberships: dict[UUID, Membership] = field(default_factory=dict)
    unsubscribed_from_all: bool = False

    changed = assigns(Created, EmailChanged)

    @property
    def contact_list_ids(self) -> tuple[UUID, ...]:
        """The lists that they have to do with."""
        return tuple(self.memberships)

    @property
    def unsubscribed_from(self) -> tuple[UUID, ...]:
        """The lists that they have unsubscribed from."""
        return tuple(id for id, each in self.memberships.items() if each.left)

    def ask(self, contact_list_id: UUID, source: ConsentSource, text: str, ip: str, now: datetime) -> None:
        """Have a mail ask them to confirm. Raises ConfirmationJustAsked."""
        known = self.memberships.get(contact_list_id)
        if known is not None and known.asked_at is not None and now < known.asked_at + AGAIN_AFTER:
            raise ConfirmationJustAsked(field="contact_list_id")
        self.record(
            self.ConfirmationAsked(
                contact_list_id=contact_list_id, source=source, text_version=text, ip_address=ip
            )
        )

    def subscribe(
        self, contact_list_id: UUID, source: ConsentSource, text: str, ip: str, *, themself: bool
    ) -> None:
        """Note that they are subscribed, as they have said ``themself`` or as others say."""
        subscribed = self.Subscribed(
            contact_list_id=contact_list_id,
            source=source,
            text_version=text,
            ip_address=ip,
            themself=themself,
            email_key=self.email_key,
        )
        self.record(subscribed)

    @applies(ConfirmationAsked)
    def _asked(self, event: ConfirmationAsked) -> None:
        known = self.memberships.get(event.contact_list_id)
        self.memberships[event.contact_list_id] = Membership(
            state=MembershipState.PENDING,
            source=event.source,
            text_version=event.text_version,
            asked_at=event.timestamp,
            left=known is not None and known.left,
        )

    @applies(Subscribed)
    def _subscribed(self, event: Subscribed) -> None:
        known = self.memberships.get(event.contact_list_id)
        self.memberships[event.contact_list_id] = Membership(
            state=MembershipState.SUBSCRIBED,
            source=event.source,
            text_version=event.text_version,
            asked_at=None if known is None else known.asked_at,
        )
        if event.themself:
            self.unsubscribed_from_all = False

    @applies(Unsubscribed)
    def _unsubscribed(self, event: Unsubscribed) -> None:
        self._leave(event.contact_list_id, event.source)

    @applies(UnsubscribedFromAll)
    def _unsubscribed_from_all(self, event: UnsubscribedFromAll) -> None:
        for id in event.contact_list_ids:
            self._leave(id, event.source)
        self.unsubscribed_from_all = True

    def _leave(self, contact_list_id: UUID, source: ConsentSource) -> None:
        known = self.memberships.get(contact_list_id)
        self.memberships[contact_list_id] = Membership(
            state=MembershipState.UNSUBSCRIBED,
            source=source,
            asked_at=None if known is None else known.asked_at,
            left=True,
        )
