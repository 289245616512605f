"""The manifest of tenancy in the API."""

from api.kit.manifest import ContextApi
from api.tenancy import entities, flags, subscriptions, tenants

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        tenants,
        entities,
        flags,
        subscriptions,
    ),
)
