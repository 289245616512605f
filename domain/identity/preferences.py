"""What a person prefers: about what to be told and how, who sees the profile, how things look."""

from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Describe, Internal, Len


class Theme(StrEnum):
    """How the screens look."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class ProfileVisibility(StrEnum):
    """Who sees a person's profile, beside those who administer people."""

    EVERYONE = "everyone"
    TEAM = "team"
    NOBODY = "nobody"


class Notice(StrEnum):
    """What somebody can be told about; the names are those of the notifications."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    STATUS_CHANGED = "status_changed"
    COMPLETED = "completed"
    DUE_SOON = "due_soon"
    DESCRIBED = "described"


Notices = Annotated[tuple[Notice, ...], Len(0, 50), Internal()]
InApp = Annotated[Notices, Describe("About what to be told inside the product.")]
ByEmail = Annotated[Notices, Describe("About what to be told by e-mail.")]
Seen = Annotated[ProfileVisibility, Internal(), Describe("Who sees the profile.")]
OptOut = Annotated[
    bool, Internal(), Describe("Whether to be left out when the use of the product is analysed.")
]
Look = Annotated[Theme, Internal(), Describe("How the screens look.")]

EVERY_NOTICE = tuple(Notice)
"""What people are told about inside the product unless they say otherwise."""
MAILED_NOTICES = (Notice.ASSIGNED, Notice.DUE_SOON)
"""What people are told about by e-mail unless they say otherwise."""
