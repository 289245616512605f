"""What campaigns are told with: the fields of their events and commands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.campaigns.campaigns.states import CampaignStatus
from domain.campaigns.templates.terms import LONGEST_LINE, Name, Number
from domain.kit.fields import Authored, Describe, Internal, Interval, Len, Public, Requires
from domain.kit.model import ONE_LINE
from domain.kit.process.zones import require_zone

MOST_LISTS, MOST_VARIANTS = 50, 5


class WinnerRule(StrEnum):
    """By what the best variant of a campaign is found."""

    OPENS = "opens"
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    MANUAL = "manual"
    """People choose it."""


class PauseReason(StrEnum):
    """Why a campaign is paused."""

    REQUESTED = "requested"
    """Somebody asked for it."""
    BOUNCES = "bounces"
    """Too many addresses could not be reached."""
    COMPLAINTS = "complaints"
    """Too many recipients complained."""
    FAILED = "failed"
    """It could not go on: its sender is gone, or mail servers take nothing."""


TEMPLATE, SENDER = "campaigns.template", "campaigns.sender"
TemplateId = Annotated[UUID, Internal(), Describe("The template.")]
SenderId = Annotated[UUID, Internal(), Describe("Who it comes from.")]
Subject = Annotated[
    str,
    Len(0, LONGEST_LINE),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("The subject, in Liquid, in place of the template's."),
]
Lists = Annotated[
    tuple[UUID, ...], Len(0, MOST_LISTS), Internal(), Describe("The lists of contacts that it is sent to.")
]
PerHour = Annotated[
    int | None,
    Interval(ge=1, le=10_000_000),
    Internal(),
    Describe("How many mails are sent in an hour at most; null is as fast as providers take them."),
]
Utm = Annotated[
    str, Len(0, 100), ONE_LINE, Internal(), Authored(), Describe("A parameter that is added to its links.")
]
Share = Annotated[int, Interval(ge=1, le=100), Internal(), Describe("For how many of a hundred it is.")]
Winner = Annotated[
    WinnerRule | None, Internal(), Describe("By what the best variant is found; null without variants.")
]
Tested = Annotated[
    int,
    Interval(ge=1, le=100),
    Internal(),
    Describe("How many recipients of a hundred get variants before the best is sent to the others."),
]
Hours = Annotated[
    int, Interval(ge=1, le=336), Internal(), Describe("Hours from the start after which the best is chosen.")
]
StartsAt = Annotated[datetime, Internal(), Describe("When it starts.")]
Zone = Annotated[
    str, Len(1, 64), Requires(require_zone), Internal(), Describe("The time zone in which that was said.")
]
InTheirZone = Annotated[
    bool, Public(), Describe("Whether everybody gets it when that clock time comes in their own zone.")
]
Status = Annotated[CampaignStatus, Internal(), Describe("The campaign's status after it.")]
Reason = Annotated[PauseReason, Internal(), Describe("Why it is paused.")]


@dataclass(frozen=True, kw_only=True)
class CampaignVariant:
    """What some recipients get in place of what the campaign says."""

    name: Name
    share: Share
    subject: Subject = ""
    template_id: Annotated[UUID | None, Internal(), Describe("Its template; null is the campaign's.")] = None
    template_version: Annotated[Number | None, Describe("The version of it; null is the newest.")] = None


Variants = Annotated[
    tuple[CampaignVariant, ...],
    Len(0, MOST_VARIANTS),
    Internal(),
    Describe("Two or more that are compared with each other; none where all get the same."),
]
