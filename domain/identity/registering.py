"""How somebody becomes known to a tenant."""

from uuid import UUID

from domain.identity.granting import BaseRole, MembershipRole, require_role
from domain.identity.profiles import EMAIL_INDEX, Email, FirstName, LastName
from domain.identity.users import User
from domain.kit.caller import Caller
from domain.kit.commands import Command


def registered(id: UUID, *, email: str, first_name: str, last_name: str, source: str, role: BaseRole) -> User:
    """A person whom the tenant did not know yet."""
    # Upper and lower case are the same mailbox in practice, so one of them is stored.
    email = email.lower()
    event = User.Registered(
        email=email,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        registration_source=source,
        role=role,
    )
    user = User.begin(id, event)
    user.reserve(EMAIL_INDEX, email, field="email", personal=True)
    return user


class RegisterUser(Command):
    """Make a person known to the tenant."""

    id: UUID
    email: Email
    first_name: FirstName
    last_name: LastName = ""
    role: MembershipRole = BaseRole.MEMBER

    def handle(self, by: Caller) -> User:
        # Who may register people may register members; being known does not let anybody sign in.
        if self.role != BaseRole.MEMBER:
            require_role(by, self.role, field="role")
        return registered(
            self.id,
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            source="api",
            role=self.role,
        )
