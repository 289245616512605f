"""Who has a slug over all places, which a tenant's own database cannot know."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from domain.kit.refusals import AlreadyTaken


@dataclass(frozen=True, slots=True)
class SlugCheck:
    """Ask the platform before a tenant changes its slug: the port that changing it takes.

    Of two who change to one slug in the same moment both may pass; the process `tenancy.names` settles that.
    """

    is_taken: Callable[[UUID, str], Awaitable[bool]]
    """Whether another tenant than this one has the slug or holds it; raises while the platform is away."""

    async def require_free(self, tenant_id: UUID, slug: str) -> None:
        """Raise AlreadyTaken for a slug that is another tenant's."""
        if await self.is_taken(tenant_id, slug):
            raise AlreadyTaken(field="slug")
