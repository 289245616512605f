"""A context with personal data for these tests: a person's diary, in which they may write about others."""

from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Confidential, Internal, Len, Personal, Public

MAILBOX = "toys.diary.email"

Email = Annotated[str, Len(3, 255), Confidential(), Personal(searchable=MAILBOX)]
Name = Annotated[str, Len(0, 100), Public(), Personal()]


class Diary(Aggregate, topic="toys.diary"):
    class Begun(Event):
        email: Email
        name: Name = ""
        motto: Annotated[str | None, Confidential(), Personal()] = None

    class Wrote(Event):
        about: Annotated[UUID, Internal()]
        text: Annotated[str, Confidential(), Personal(subject="about")]
        mood: Annotated[str, Internal()] = "fine"

    class Moved(Event):
        email: Email

    class Signed(Event):
        """Carries a field of the state into an event of another kind."""

        name: Name

    class Turned(Event):
        pages: Annotated[int, Internal()]

    email: str
    name: str
    pages: int = 0
    snapshot_every = 4

    @applies(Begun)
    def _begun(self, event: Begun) -> None:
        self.email, self.name = event.email, event.name

    @applies(Moved)
    def _moved(self, event: Moved) -> None:
        self.email = event.email

    @applies(Turned)
    def _turned(self, event: Turned) -> None:
        self.pages += event.pages


class BeginDiary(Command):
    """Begin a diary."""

    email: Email
    name: Name = ""
    motto: Annotated[str | None, Confidential(), Personal()] = None

    def handle(self) -> Diary:
        diary = Diary.begin(self.id, Diary.Begun(email=self.email, name=self.name, motto=self.motto))
        diary.reserve(MAILBOX, self.email, field="email", personal=True)
        return diary


class WriteDiary(Command):
    """Write about somebody."""

    about: UUID
    text: str

    def handle(self, diary: Diary) -> None:
        diary.record(Diary.Wrote(about=self.about, text=self.text))


class MoveDiary(Command):
    """Change the address; the former one is known only as it is stored."""

    email: Email

    def handle(self, diary: Diary) -> None:
        diary.release(MAILBOX, diary.email, personal=True)
        diary.reserve(MAILBOX, self.email, field="email", personal=True)
        diary.record(Diary.Moved(email=self.email))


class SignDiary(Command):
    """Sign with the name that the diary has."""

    def handle(self, diary: Diary) -> None:
        diary.record(Diary.Signed(name=diary.name))


class TurnPages(Command):
    """Turn pages."""

    pages: int = 1

    def handle(self, diary: Diary) -> None:
        diary.record(Diary.Turned(pages=self.pages))
