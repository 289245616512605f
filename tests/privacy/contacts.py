"""A context's own kind of person, as campaigns, reviews and shops have them: contacts with an address."""

from typing import Annotated

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Personal, Purpose
from domain.kit.privacy.subjects import SubjectKind

INDEX = "toys.contact.email"

Email = Annotated[
    str,
    Len(3, 255),
    Confidential(),
    Personal(searchable=INDEX),
    Purpose("To write to the contact."),
    Describe("Where the contact is reached."),
]
Name = Annotated[
    str,
    Len(1, 100),
    Confidential(),
    Personal(),
    Purpose("To address the contact."),
    Describe("What they are called."),
]


class Contact(Aggregate, topic="toys.contact"):
    """Somebody whom a tenant writes to."""

    class Created(Event):
        email: Email
        name: Name

    class Renamed(Event):
        name: Name

    class Deleted(Event, ends=True): ...

    class Erased(Event, ends=True): ...

    email: str = ""

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.email = event.email

    def leave(self, ending: Event) -> None:
        """The end of the contact; the address is free again."""
        self.release(INDEX, self.email, personal=True)
        self.record(ending)


class CreateContact(Command):
    """Note a contact."""

    email: Email
    name: Name

    def handle(self) -> Contact:
        contact = Contact.begin(self.id, Contact.Created(email=self.email, name=self.name))
        contact.reserve(INDEX, self.email, field="email", personal=True)
        return contact


class RenameContact(Command):
    """Call a contact something else."""

    name: Name

    def handle(self, contact: Contact) -> None:
        contact.record(Contact.Renamed(name=self.name))


class DeleteContact(Command):
    """Delete a contact."""

    def handle(self, contact: Contact) -> None:
        contact.leave(Contact.Deleted())


class EraseContact(Command):
    """End a contact because their data were erased."""

    def handle(self, contact: Contact) -> None:
        contact.leave(Contact.Erased())


CONTACTS = SubjectKind(aggregate=Contact, erase=EraseContact, gone=(Contact.Deleted,))
