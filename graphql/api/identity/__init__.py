"""The manifest of identity in the API."""

from api.identity import api_keys, invitations, people, roles
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        people,
        roles,
        invitations,
        api_keys,
    ),
)
