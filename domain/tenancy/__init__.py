"""The manifest of tenancy in the domain."""

from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission
from domain.tenancy import flags, subscriptions, tenants

CONTEXT = ContextDomain(
    package=__name__,
    modules=(flags, subscriptions, tenants),
    permissions=(
        Permission("tenant:read", "Read the tenant's settings and feature flags.", "member"),
        Permission("tenant:write", "Change the tenant's settings and feature flags.", "admin"),
        Permission("billing:read", "Read the subscription and its invoices.", "admin"),
        Permission("billing:write", "End the subscription.", "owner"),
    ),
    entities=(
        Entity(
            kind="CONFIG",
            aggregate=tenants.Tenant,
            needs="tenant:read",
            data=("name", "slug", "region", "placement", "settings"),
        ),
        Entity(
            kind="FEATURE_FLAG",
            aggregate=flags.FeatureFlag,
            needs="tenant:read",
            data=("feature_name", "enabled"),
        ),
        Entity(
            kind="SUBSCRIPTION",
            aggregate=subscriptions.Subscription,
            needs="billing:read",
            data=("tier", "period_end"),
        ),
    ),
    # Amounts stand in invoices, for who may read those.
    unread=(subscriptions.Subscription,),
)
