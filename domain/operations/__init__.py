"""The manifest of operations in the domain."""

from domain.kit.context.context import ContextDomain
from domain.kit.permissions import Permission
from domain.operations import interventions, rebuilds, repairs, rollbacks, tenants

CONTEXT = ContextDomain(
    package=__name__,
    modules=(interventions, rebuilds, repairs, rollbacks, tenants),
    permissions=(
        Permission("ops:views", "See how the views stand.", "operator"),
        Permission("ops:rebuild", "Rebuild views, and roll them back.", "operator"),
        Permission("ops:repair", "Retry or discard what could not be folded.", "operator"),
        Permission("ops:tenants", "Create, list, move, suspend, reactivate and close tenants.", "operator"),
        Permission(
            "ops:accounts",
            "Suspend accounts, and take away second factors that people have lost.",
            "operator",
        ),
        Permission(
            "ops:payments",
            "Say what a tenant subscribes to, what it is asked to pay, and what it has paid.",
            "operator",
        ),
    ),
)
