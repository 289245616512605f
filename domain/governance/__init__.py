"""The manifest of governance in the domain."""

from domain.governance import consents, erasures, exports, refusals
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission

CONTEXT = ContextDomain(
    package=__name__,
    modules=(consents, erasures, exports, refusals),
    permissions=(
        Permission("audit:read", "Read who did and who read what.", "admin"),
        Permission("privacy:read", "Read consents, exports and erasures of others.", "admin"),
        Permission("privacy:write", "Record consents for others, export and erase people.", "admin"),
    ),
    entities=(
        Entity(kind="CONSENT", aggregate=consents.Consent, starts="given", needs="privacy:read"),
        Entity(kind="EXPORT", aggregate=exports.Export, starts="running", needs="privacy:read"),
        Entity(kind="ERASURE", aggregate=erasures.Erasure, starts="running", needs="privacy:read"),
    ),
)
