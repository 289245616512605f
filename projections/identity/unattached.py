"""Who belongs to no tenant, shown as people are: they have an account, and nobody else sees them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe
from projections.identity.people import PersonRow


class UnattachedRow(PersonRow):
    """A person of no tenant, as their account has them; a guest, who may see nothing but themselves."""

    email_verified: Annotated[bool, Describe("Whether the account's address was proved.")]


@dataclass(frozen=True, slots=True)
class Unattached:
    """The port: looks an account up, its texts opened; None where there is none."""

    find: Callable[[UUID], Awaitable[UnattachedRow | None]]
