"""The manifest of identity in the API."""

from api.identity import api_keys, invitations, roles, users
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        users,
        roles,
        invitations,
        api_keys,
    ),
)
