"""Contacts: people outside the company whom a tenant writes to. A contact is no user and cannot sign in."""

from typing import Annotated

from domain.campaigns.contacts.addresses import EMAIL_INDEX, Email, EmailKey
from domain.kit.fields import Confidential, Describe, Internal, Len, Pattern, Personal, Purpose, Requires
from domain.kit.model import ONE_LINE, Aggregate, Event, Unique, assigns
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

    class Created(Event):
        email: Email
        email_key: EmailKey
        first_name: FirstName = ""
        last_name: LastName = ""
        language: Language = ""
        timezone: Timezone = ""
        fields: Fields = ""

    class EmailChanged(Event):
        email: Email
        email_key: EmailKey

    class Edited(Event):
        """Null: as it was."""

        first_name: FirstName | None = None
        last_name: LastName | None = None
        language: Language | None = None
        timezone: Timezone | None = None
        fields: Fields | None = None

    class Deleted(Event, ends=True): ...

    class Erased(Event, ends=True): ...

    email_key: str
    """Sealed once it is in the log: it tells what it is equal to, and no more."""

    changed = assigns(Created, EmailChanged)
