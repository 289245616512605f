"""The manifest of tenancy in the domain."""

from domain.kit.context.context import ContextDomain
from domain.tenancy import flags, subscriptions, tenants

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        flags,
        subscriptions,
        tenants,
    ),
)
