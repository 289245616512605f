"""Where a tenant's data may be: a command for a tenant of another region is refused (ID-T-06)."""

from typing import Annotated

from domain.kit.fields import Describe, Len, Pattern, Public
from domain.kit.refusals import Refusal

Region = Annotated[
    str,
    Len(1, 50),
    Pattern("[a-z0-9]+(-[a-z0-9]+)*", "is not a region, such as eu-central-1"),
    Public(),
    Describe("Where the data is and stays, such as eu-central-1."),
]


class WrongRegion(Refusal):
    """Data of the region {region} stays there; {here} takes no commands for it."""


def require_region(region: str, *, here: str) -> None:
    """Raise WrongRegion unless the tenant's region is the one that this installation is in."""
    if region != here:
        raise WrongRegion(region=region, here=here)
