"""The manifest of identity in the domain."""

from domain.identity import (
    accounts,
    api_keys,
    email_verifications,
    invitations,
    password_resets,
    roles,
    sessions,
    sign_in_refusals,
    users,
)
from domain.identity.subjects import SUBJECTS
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        accounts,
        api_keys,
        email_verifications,
        invitations,
        password_resets,
        roles,
        sessions,
        sign_in_refusals,
        users,
    ),
    area="users",
    permissions=(
        Permission("users:read", "See who belongs to the tenant.", "guest"),
        Permission("users:confidential", "Read the e-mail addresses of others.", "admin"),
        Permission(
            "users:write", "Invite, suspend and remove people, and say which roles they have.", "admin"
        ),
        Permission("keys:read", "List API keys.", "admin"),
        Permission("keys:write", "Create and revoke API keys.", "admin"),
    ),
    subjects=SUBJECTS,
    entities=(
        Entity(kind="USER", aggregate=users.User, needs="users:read", data=("role",)),
        Entity(kind="ROLE", aggregate=roles.Role, needs="users:read"),
        Entity(
            kind="INVITATION",
            aggregate=invitations.Invitation,
            starts="open",
            needs="users:write",
            data=("role",),
        ),
        Entity(kind="API_KEY", aggregate=api_keys.ApiKey, needs="keys:read"),
    ),
)
