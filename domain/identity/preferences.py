"""What a person prefers: about what to be told and how, who sees the profile, how things look."""

from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Describe, Internal, Len


class Theme(StrEnum):
    """The colour theme."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"
    """As the user's device has it."""


class ProfileVisibility(StrEnum):
    """Who sees a user's profile, besides those who administer people."""

    EVERYONE = "everyone"
    TEAM = "team"
    NOBODY = "nobody"


class Notice(StrEnum):
    """What a user can be notified of, named like the notifications."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    STATUS_CHANGED = "status_changed"
    COMPLETED = "completed"
    DUE_SOON = "due_soon"
    DESCRIBED = "described"


Notices = Annotated[tuple[Notice, ...], Len(0, 50), Internal()]
InApp = Annotated[Notices, Describe("The events to be notified of inside the product.")]
ByEmail = Annotated[Notices, Describe("The events to be notified of by e-mail.")]
Seen = Annotated[ProfileVisibility, Internal(), Describe("Who sees the profile.")]
OptOut = Annotated[bool, Internal(), Describe("Whether the user opts out of product analytics.")]
Look = Annotated[Theme, Internal(), Describe("The colour theme.")]

EVERY_NOTICE = tuple(Notice)
"""What people are told about inside the product unless they say otherwise."""
MAILED_NOTICES = (Notice.ASSIGNED, Notice.DUE_SOON)
"""What people are told about by e-mail unless they say otherwise."""
