"""How somebody becomes known to a tenant."""

from dataclasses import replace
from uuid import UUID

from domain.identity.authorization import BaseRole, MembershipRole, require_role
from domain.identity.origins import IpAddress, Referrer, UserAgent
from domain.identity.profiles import Email, FirstName, LastName
from domain.identity.users import User
from domain.kit.model import Caller, Command


def registered(id: UUID, event: User.Registered) -> User:
    """A person whom the tenant did not know yet."""
    # Upper and lower case are the same mailbox in practice, so one of them is stored.
    return User.begin(
        id,
        replace(
            event,
            email=event.email.lower(),
            first_name=event.first_name.strip(),
            last_name=event.last_name.strip(),
        ),
    )


class RegisterUser(Command):
    """Register a user in the tenant."""

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
            User.Registered(
                email=self.email, first_name=self.first_name, last_name=self.last_name, role=self.role
            ),
        )


class RegisterFounder(Command):
    """Make the person known to a tenant who founds it; ``id`` is the account's."""

    email: Email
    first_name: FirstName
    last_name: LastName = ""
    ip_address: IpAddress = ""
    user_agent: UserAgent = ""
    referrer: Referrer = ""

    def handle(self, by: Caller) -> User:
        require_role(by, BaseRole.OWNER, field="id")
        return registered(
            self.id,
            User.Registered(
                email=self.email,
                first_name=self.first_name,
                last_name=self.last_name,
                registration_source="sign_up",
                role=BaseRole.OWNER,
                ip_address=self.ip_address,
                user_agent=self.user_agent,
                referrer=self.referrer,
            ),
        )
