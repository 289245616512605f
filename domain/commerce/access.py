"""Who may see and change what of commerce."""

from uuid import UUID

from domain.kit.caller import SYSTEM, Caller
from domain.kit.refusals import Forbidden

READ = "commerce:read"
"""The permission to see products, and one's own orders."""
ORDERS = "commerce:orders"
"""The permission to see everybody's orders."""
WRITE = "commerce:write"
"""The permission to change products, and orders of others."""
PAYMENTS = "commerce:payments"
"""The permission to record payments and refunds."""
CONFIDENTIAL = "commerce:confidential"
"""The permission to read where the orders of others are shipped to."""


def require_buyer(by: Caller, user_id: UUID) -> None:
    """Raise Forbidden unless somebody may place or cancel an order of this user."""
    itself = by.user_id == SYSTEM and by.kind != "nobody"
    if by.user_id != user_id and not itself and not by.may(WRITE):
        raise Forbidden(field="user_id", permission=WRITE)
