"""The manifest of governance in the domain."""

from domain.governance import consents, erasures, exports
from domain.kit.context.context import ContextDomain

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        consents,
        erasures,
        exports,
    ),
)
