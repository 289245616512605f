"""Who has a slug over all databases, which a tenant's own database cannot know."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SlugRegistry:
    """Where a tenant reserves a slug before it changes to it: the port that changing it takes.

    Both raise while the platform is away.
    """

    reserve: Callable[[UUID, str], Awaitable[UUID]]
    """Reserve a slug for a tenant, until the tenant is called so, for an hour at most; the reservation's id.

    Raises a refusal: AlreadyTaken when another tenant has it, wherever that is placed, holds it from before or has
    reserved it.
    """
    release: Callable[[UUID, UUID], Awaitable[None]]
    """End a tenant's reservation, for the change that made it was refused."""
