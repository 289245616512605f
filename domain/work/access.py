"""Who may see and manage what in work: the rules by attribute, beside the permissions that roles give.

The API filters what it shows by `sees`, said to each store in its own way; a test holds them together.
"""

from collections.abc import Collection
from uuid import UUID

from domain.kit.caller import SYSTEM, Caller
from domain.kit.refusals import Refusal

ALL = "work:all"
"""The permission to see and manage private projects without belonging to them."""

READ = "work:read"
"""The permission to see work at all."""

CONFIDENTIAL = "work:confidential"
"""The permission to read descriptions."""


class OwnerOnly(Refusal):
    """Only the owner of this project may do that."""


def sees(by: Caller, *, private: bool, owner_id: UUID, members: Collection[UUID]) -> bool:
    """Whether somebody sees a project, its tasks and all that is about them."""
    if not private or by.may(ALL) or (by.user_id == SYSTEM and by.kind != "nobody"):
        return True
    return by.user_id == owner_id or by.user_id in members


def require_manager(by: Caller, *, owner_id: UUID) -> None:
    """Raise OwnerOnly unless somebody may archive, restore or delete a project, take people off it, add people
    to a private one, or say who sees it."""
    if by.user_id != owner_id and not by.may(ALL):
        raise OwnerOnly(field="id")
