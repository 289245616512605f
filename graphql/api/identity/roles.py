"""Roles that tenants define for themselves."""

import strawberry

from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.fields import linked
from api.kit.schema.node_types import Node, shows
from domain.identity import roles as domain
from projections.identity.memberships import RoleRow, Roles, UserRoleRow
from projections.kit.read.conditions import Condition, one_of
from projections.kit.read.postgres_reader import Order


@shows(RoleRow, needs="people:read")
class Role(Node):
    """A custom role of the tenant."""


@shows(UserRoleRow, needs="people:read", leave_out=("user_id", "role_id"))
class GrantedRole:
    """A custom role that a person has."""

    role = linked(Role, Roles, "role_id", "The role; null if it was deleted since.")


@strawberry.input(description="Which roles to list: those that meet all that is given.")
class RoleFilter:
    """What the listed roles must meet."""

    names: list[str] | None = strawberry.field(default=None, description="With any of these names.")

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
        description="The tenant's custom roles, by pages.",
        needs="people:read",
    )


@strawberry.type
class Mutation:
    create_role = sends(domain.CreateRole, RoleReceipt, needs="people:write")
    change_role = sends(domain.ChangeRole, RoleReceipt, needs="people:write")
    delete_role = sends(domain.DeleteRole, RoleReceipt, needs="people:write")
