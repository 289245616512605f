"""Lists: what contacts subscribe to, at once or once they have confirmed it by mail."""

from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Authored, Describe, Internal, Len, Public
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Unique, assigns


class OptIn(StrEnum):
    """How contacts come to be subscribed."""

    SINGLE = "single"
    """At once."""
    DOUBLE = "double"
    """Once whoever reads mail at the address has confirmed it."""


Name = Annotated[
    str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What the list is called; contacts see it.")
]
Description = Annotated[
    str, Len(0, 500), Internal(), Authored(), Describe("What is sent to it; contacts see it.")
]
Way = Annotated[OptIn, Public(), Describe("How contacts come to be subscribed.")]


class ContactList(Aggregate, topic="campaigns.contact_list", unique=(Unique("name", fold=str.casefold),)):
    """What contacts subscribe to."""

    class Created(Event):
        name: Name
        description: Description = ""
        opt_in: Way = OptIn.DOUBLE

    class Renamed(Event):
        name: Name

    class Described(Event):
        description: Description

    class OptInChanged(Event):
        opt_in: Way

    class Deleted(Event, ends=True): ...

    name: str
    description: str = ""
    opt_in: OptIn = OptIn.DOUBLE

    changed = assigns(Created, Renamed, Described, OptInChanged)


class CreateContactList(Command):
    """Create a list of contacts."""

    name: Name
    description: Description = ""
    opt_in: Way = OptIn.DOUBLE

    def handle(self) -> ContactList:
        created = ContactList.Created(
            name=self.name.strip(), description=self.description.strip(), opt_in=self.opt_in
        )
        return ContactList.begin(self.id, created)


class RenameContactList(Command):
    """Rename a list."""

    name: Name

    def handle(self, contact_list: ContactList) -> None:
        if (name := self.name.strip()) != contact_list.name:
            contact_list.record(ContactList.Renamed(name=name))


class DescribeContactList(Command):
    """Say what is sent to a list."""

    description: Description

    def handle(self, contact_list: ContactList) -> None:
        if (description := self.description.strip()) != contact_list.description:
            contact_list.record(ContactList.Described(description=description))


class ChangeContactListOptIn(Command):
    """Change how contacts come to be subscribed from now on."""

    opt_in: Way

    def handle(self, contact_list: ContactList) -> None:
        if self.opt_in is not contact_list.opt_in:
            contact_list.record(ContactList.OptInChanged(opt_in=self.opt_in))


class UpdateContactList(Command, of=(RenameContactList, DescribeContactList, ChangeContactListOptIn)):
    """Change several fields of a list at once."""


class DeleteContactList(Command):
    """Delete a list; nothing can be sent to it any more."""

    def handle(self, contact_list: ContactList) -> None:
        contact_list.record(ContactList.Deleted())
