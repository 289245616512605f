"""Where the data of a tenant is that an operator names."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

from domain.kit.refusals import NotFound, Refusal
from domain.operations.operators import NotPossible


class TenantWhereabouts(Enum):
    """Where a tenant's data is, as seen from one database."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    """In a database of its own."""
    NOWHERE = "nowhere"


FindTenant = Callable[[UUID], Awaitable[TenantWhereabouts]]


async def misplaced(operation: object, find: FindTenant) -> Refusal | None:
    """Why nothing of the tenant that an operation names can be done here; None when it names none.

    Whatever names a tenant is about its rows. Where it has none, to find nothing would look as if all were well.
    """
    tenant_id = getattr(operation, "tenant_id", None)
    if not isinstance(tenant_id, UUID):
        return None
    match await find(tenant_id):
        case TenantWhereabouts.NOWHERE:
            return NotFound(what="tenant", field="tenant_id")
        case TenantWhereabouts.ELSEWHERE:
            reason = "This tenant has a database of its own: use the command line there, with --tenant."
            return NotPossible(reason=reason, field="tenant_id")
        case TenantWhereabouts.HERE:
            return None
