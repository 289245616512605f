"""The manifest of operations in the domain."""

from domain.kit.context.context import ContextDomain
from domain.operations import interventions, rebuilds, repairs, rollbacks, tenants

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        interventions,
        rebuilds,
        repairs,
        rollbacks,
        tenants,
    ),
)
