"""Who may see and change what of commerce."""

from uuid import UUID

from domain.kit.caller import SYSTEM, Caller
from domain.kit.refusals import Forbidden, NotFound

READ = "commerce:read"
"""The permission to see products, and to see and cancel one's own orders."""
BUY = "commerce:buy"
"""The permission to place one's own orders."""
ORDERS = "commerce:orders"
"""The permission to see everybody's orders."""
WRITE = "commerce:write"
"""The permission to change products, and orders of others."""
PAYMENTS = "commerce:payments"
"""The permission to record payments and refunds."""
CONFIDENTIAL = "commerce:confidential"
"""The permission to read where the orders of others are shipped to."""


def require_visible(by: Caller, user_id: UUID) -> None:
    """Raise NotFound for who may not see an order of this user, as if it were not there."""
    if by.user_id != user_id and not _is_system(by) and not (by.may(ORDERS) or by.may(WRITE)):
        raise NotFound(field="id", what="order")


def require_own(by: Caller, user_id: UUID, *, field: str) -> None:
    """Raise Forbidden where an order is another's, unless somebody may change those of others."""
    if by.user_id != user_id and not _is_system(by) and not by.may(WRITE):
        raise Forbidden(field=field, permission=WRITE)


def require_buyer(by: Caller, user_id: UUID) -> None:
    """Raise Forbidden unless somebody may place an order of this user."""
    require_own(by, user_id, field="user_id")
    if not (_is_system(by) or by.may(WRITE) or by.may(BUY)):
        raise Forbidden(permission=BUY)


def _is_system(by: Caller) -> bool:
    return by.user_id == SYSTEM and by.kind != "nobody"
