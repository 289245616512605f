"""Roles: sets of permissions that a tenant defines for itself, besides the base roles."""

from typing import Annotated

from domain.identity.authorization import Permissions, require_held, require_known
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Len
from domain.kit.permissions import ROLES
from domain.kit.refusals import AlreadyTaken
from domain.kit.text import ONE_LINE, distinct

ROLE_NAME = "identity.role.name"

RoleName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Describe("The role's name.")]


class Role(Aggregate, topic="identity.role"):
    """A set of permissions under a name."""

    class Created(Event):
        name: RoleName
        permissions: Permissions

    class Changed(Event):
        name: RoleName
        permissions: Permissions

    class Deleted(Event, ends=True): ...

    name: str
    permissions: tuple[str, ...]

    @applies(Created, Changed)
    def _changed(self, event: Created | Changed) -> None:
        self.name, self.permissions = event.name, event.permissions

    def change(self, name: str, permissions: tuple[str, ...]) -> None:
        if (name, permissions) == (self.name, self.permissions):
            return
        if name.casefold() != self.name.casefold():
            self.release(ROLE_NAME, self.name.casefold())
            self.reserve(ROLE_NAME, name.casefold(), field="name")
        self.record(self.Changed(name=name, permissions=permissions))

    def delete(self) -> None:
        self.release(ROLE_NAME, self.name.casefold())
        self.record(self.Deleted())


class CreateRole(Command):
    """Create a role with permissions that you hold."""

    name: RoleName
    permissions: Permissions

    def handle(self, by: Caller) -> Role:
        name, permissions = _tidy(self.name, self.permissions)
        require_held(by, permissions, field="permissions")
        role = Role.begin(self.id, Role.Created(name=name, permissions=permissions))
        role.reserve(ROLE_NAME, name.casefold(), field="name")
        return role


class ChangeRole(Command):
    """Change a role's name and permissions; you must hold every permission that you add or remove."""

    name: RoleName
    permissions: Permissions

    def handle(self, role: Role, by: Caller) -> None:
        name, permissions = _tidy(self.name, self.permissions)
        require_held(by, set(permissions) ^ set(role.permissions), field="permissions")
        role.change(name, permissions)


class DeleteRole(Command):
    """Delete a role; everyone who has it loses its permissions."""

    def handle(self, role: Role, by: Caller) -> None:
        require_held(by, role.permissions, field="id")
        role.delete()


def _tidy(name: str, permissions: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Raises AlreadyTaken for the name of a base role, and what `require_known` raises."""
    tidy = name.strip()
    if tidy.casefold() in ROLES:
        raise AlreadyTaken(field="name")
    found = tuple(sorted(distinct(permissions)))
    require_known(found, field="permissions")
    return tidy, found
