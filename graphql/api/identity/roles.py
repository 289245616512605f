"""Roles that tenants define for themselves."""

import strawberry

from api.kit.commands import receipt, sends
from api.kit.connections import listed
from api.kit.fields import linked
from api.kit.shows import Node, shows
from domain.identity import roles as domain
from projections.identity.memberships import RoleRow, Roles, UserRoleRow
from projections.kit.conditions import Condition, one_of
from projections.kit.rows import Order


@shows(RoleRow, needs="people:read")
class Role(Node):
    """A role that the tenant has defined."""


@shows(UserRoleRow, needs="people:read", leave_out=("user_id", "role_id"))
class GrantedRole:
    """One of the tenant's own roles that somebody has."""

    role = linked(Role, Roles, "role_id", "The role; empty when it was deleted since.")


@strawberry.input(description="Which roles to list: those that meet all that is given.")
class RoleFilter:
    """What the listed roles must meet."""

    names: list[str] | None = strawberry.field(default=None, description="Called one of these.")

    def conditions(self) -> list[Condition]:
        return one_of("name", self.names)


RoleReceipt = receipt(Role, Roles, name="role")


@strawberry.type
class Query:
    roles = listed(
        Role,
        Roles,
        filter=RoleFilter,
        orders={"NAME": Order("name"), "CREATED_AT": Order("created_at")},
        description="The tenant's own roles, by pages.",
        needs="people:read",
    )


@strawberry.type
class Mutation:
    create_role = sends(domain.CreateRole, RoleReceipt, needs="people:write")
    change_role = sends(domain.ChangeRole, RoleReceipt, needs="people:write")
    delete_role = sends(domain.DeleteRole, RoleReceipt, needs="people:write")
