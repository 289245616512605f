"""Campaigns: a version of a template that is sent to lists of contacts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.campaigns.campaigns.states import CampaignAct, CampaignStatus, after
from domain.campaigns.campaigns.terms import (
    CampaignVariant,
    Hours,
    InTheirZone,
    Lists,
    PerHour,
    Reason,
    SenderId,
    StartsAt,
    Status,
    Subject,
    TemplateId,
    Tested,
    Utm,
    Variants,
    Winner,
    WinnerRule,
    Zone,
)
from domain.campaigns.templates.terms import Name, Number
from domain.kit.fields import Describe, Internal
from domain.kit.model import Aggregate, Event, assigns


class CampaignSettings(Event):
    """All that a draft says, so that readers need no state."""

    name: Name
    template_id: TemplateId
    template_version: Number
    subject: Subject
    sender_id: SenderId
    list_ids: Lists
    per_hour: PerHour
    utm_source: Utm
    utm_medium: Utm
    utm_campaign: Utm
    variants: Variants
    winner: Winner
    tested: Tested
    decide_after_hours: Hours


class Campaign(Aggregate, topic="campaigns.campaign"):
    """What is sent to whom and when. It changes while it is a draft alone."""

    class Created(CampaignSettings):
        status: Status

    class Changed(CampaignSettings):
        previous_variants: Annotated[int, Internal(), Describe("How many variants it had before.")]

    class Scheduled(Event):
        status: Status
        starts_at: StartsAt
        zone: Zone
        in_their_zone: InTheirZone

    class Unscheduled(Event):
        status: Status

    class Started(Event):
        status: Status

    class Paused(Event):
        status: Status
        reason: Reason

    class Resumed(Event):
        status: Status

    class Completed(Event):
        status: Status

    class Cancelled(Event):
        status: Status

    status: CampaignStatus
    name: str
    template_id: UUID
    template_version: int
    subject: str
    sender_id: UUID
    list_ids: tuple[UUID, ...]
    per_hour: int | None
    utm_source: str
    utm_medium: str
    utm_campaign: str
    variants: tuple[CampaignVariant, ...]
    winner: WinnerRule | None
    tested: int
    decide_after_hours: int
    starts_at: datetime | None = None
    zone: str | None = None
    in_their_zone: bool = False

    changed = assigns(
        Created, Changed, Scheduled, Unscheduled, Started, Paused, Resumed, Completed, Cancelled
    )

    def change(self, **said: Any) -> None:
        """Change these settings, of any type. Raises the refusal of a campaign that is no draft."""
        after(self.status, CampaignAct.CHANGE)
        # The fields of the event that the state has, and that are therefore kept.
        now = {name: getattr(self, name) for name in SETTINGS}
        if {**now, **said} != now:
            self.record(Campaign.Changed(**{**now, **said}, previous_variants=len(self.variants)))


SETTINGS = tuple(CampaignSettings.__annotations__)
"""The names of what a draft says."""
