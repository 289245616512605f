"""Users: the people of a tenant, as far as other contexts need to refer to them."""

from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate, applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Pattern
from domain.kit.text import ONE_LINE

Email = Annotated[
    str,
    Len(3, 255),
    Pattern(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", "is not an e-mail address"),
    Confidential(),
    Describe("Where mail reaches the person."),
]
FirstName = Annotated[str, Len(1, 100), ONE_LINE, Describe("The person's first name.")]
LastName = Annotated[str, Len(0, 100), ONE_LINE, Describe("The person's last name.")]


class User(Aggregate, topic="identity.user"):
    """A person."""

    class Registered(Event):
        email: Email
        first_name: FirstName
        last_name: LastName = ""
        registration_source: str = "api"

    email: str
    first_name: str
    last_name: str

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.email, self.first_name, self.last_name = event.email, event.first_name, event.last_name


class RegisterUser(Command):
    """Make a person known to the tenant."""

    id: UUID
    email: Email
    first_name: FirstName
    last_name: LastName = ""

    def handle(self) -> User:
        # Upper and lower case are the same mailbox in practice, so one of them is stored.
        email = self.email.lower()
        registered = User.Registered(
            email=email, first_name=self.first_name.strip(), last_name=self.last_name.strip()
        )
        user = User.begin(self.id, registered)
        user.reserve("identity.user.email", email, field="email")
        return user
