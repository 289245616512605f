"""What the benchmarks tell of people: an aggregate with personal fields, and lists of them."""

from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Confidential, Opened, Personal, Public
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import Row, replace

Email = Annotated[str, Confidential(), Personal(searchable="bench.person.email")]
Name = Annotated[str, Public(), Personal()]


class Person(Aggregate, topic="bench.person"):
    """Somebody with three personal fields."""

    class Known(Event):
        email: Email
        first_name: Name
        last_name: Name
        source: Annotated[str, Public()] = "bench"

    class Moved(Event):
        email: Email

    email: str

    @applies(Known, Moved)
    def _known(self, event: Known | Moved) -> None:
        self.email = event.email


class KnowPerson(Command):
    """Somebody new."""

    id: UUID
    email: Email

    def handle(self) -> Person:
        return Person.begin(self.id, Person.Known(email=self.email, first_name="Ada", last_name="Lovelace"))


class MovePerson(Command):
    """Somebody known has another address."""

    id: UUID
    email: Email

    def handle(self, person: Person) -> None:
        person.record(Person.Moved(email=self.email))


class Entry(Row):
    """Somebody in a list, all fields as they are stored."""

    id: UUID
    email: str
    first_name: str
    last_name: str


class NamedEntry(Row):
    """Somebody in a list that is sorted by name."""

    id: UUID
    email: str
    first_name: Annotated[str, Opened()]
    last_name: Annotated[str, Opened()]


class Entries(PostgresView[Entry], name="bench.entries"):
    """A list of people."""

    @on(Person.Known, first=True)
    def known(self, row: None, event: Person.Known) -> Entry:
        return Entry(
            id=event.originator_id,
            email=event.email,
            first_name=event.first_name,
            last_name=event.last_name,
        )

    @on(Person.Moved)
    def moved(self, row: Entry, event: Person.Moved) -> Entry:
        return replace(row, email=event.email)


class NamedEntries(PostgresView[NamedEntry], name="bench.named_entries"):
    """The same list with names that SQL can sort."""

    @on(Person.Known, first=True)
    def known(self, row: None, event: Person.Known) -> NamedEntry:
        return NamedEntry(
            id=event.originator_id,
            email=event.email,
            first_name=event.first_name,
            last_name=event.last_name,
        )

    @on(Person.Moved)
    def moved(self, row: NamedEntry, event: Person.Moved) -> NamedEntry:
        return replace(row, email=event.email)
