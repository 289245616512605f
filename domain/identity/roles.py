"""Roles: sets of permissions that a tenant defines for itself, besides the base roles."""

from typing import Annotated

from domain.identity.authorization import Permissions, require_held, require_known
from domain.kit.fields import Authored, Describe, Internal, Len
from domain.kit.model import ONE_LINE, Aggregate, Caller, Command, Event, Unique, assigns, distinct
from domain.kit.permissions import ROLES
from domain.kit.refusals import AlreadyTaken
from domain.kit.text import key

RoleName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("The role's name.")]


class Role(Aggregate, topic="identity.role", unique=(Unique("name", fold=key),)):
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

    changed = assigns(Created, Changed)


def require_free_name(name: str) -> None:
    """Raise AlreadyTaken for the name of a base role."""
    if key(name.strip()) in ROLES:
        raise AlreadyTaken(field="name")


class CreateRole(Command, requires=(require_free_name, require_known)):
    """Create a role with permissions that you hold."""

    name: RoleName
    permissions: Permissions

    def handle(self, by: Caller) -> Role:
        name, permissions = self.name.strip(), tuple(sorted(distinct(self.permissions)))
        require_held(by, permissions, field="permissions")
        return Role.begin(self.id, Role.Created(name=name, permissions=permissions))


class ChangeRole(Command, requires=(require_free_name, require_known)):
    """Change a role's name and permissions; you must hold every permission that you add or remove."""

    name: RoleName
    permissions: Permissions

    def handle(self, role: Role, by: Caller) -> None:
        name, permissions = self.name.strip(), tuple(sorted(distinct(self.permissions)))
        require_held(by, set(permissions) ^ set(role.permissions), field="permissions")
        if (name, permissions) != (role.name, role.permissions):
            role.record(Role.Changed(name=name, permissions=permissions))


class DeleteRole(Command):
    """Delete a role; everyone who has it loses its permissions."""

    def handle(self, role: Role, by: Caller) -> None:
        require_held(by, role.permissions, field="id")
        role.record(Role.Deleted())
