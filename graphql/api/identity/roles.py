"""Roles that tenants define for themselves."""

import strawberry

from api.kit.model import Node, Resource, linked, shows
from domain.identity import roles as domain
from projections.identity.memberships import RoleRow, Roles, UserRoleRow, UserRoles


@shows(RoleRow, needs="users:read")
class Role(Node):
    """A custom role of the tenant."""


@shows(UserRoleRow, needs="users:read", leave_out=("user_id", "role_id"))
class GrantedRole:
    """A custom role that a user has."""

    role = linked(Role, Roles, "role_id", "The role; null if it was deleted meanwhile.")


_roles = Resource(Role, Roles, read="users:read", write="users:write")
_granted = Resource(GrantedRole, UserRoles, read="users:read")
_granted.filter(also=("role_id",))


@strawberry.type
class Query:
    roles = _roles.list("The tenant's custom roles, by pages.")


@strawberry.type
class Mutation:
    create_role = _roles.mutation(domain.CreateRole)
    change_role = _roles.mutation(domain.ChangeRole)
    delete_role = _roles.mutation(domain.DeleteRole)
