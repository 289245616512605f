"""The commands on campaigns."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.senders import SenderIdentity, SenderNotVerified
from domain.campaigns.campaigns.states import (
    CampaignAct,
    CampaignHasNoLists,
    CampaignNotScheduled,
    CampaignStatus,
    VariantsNotSent,
    after,
)
from domain.campaigns.campaigns.terms import (
    SENDER,
    TEMPLATE,
    CampaignVariant,
    Hours,
    InTheirZone,
    Lists,
    PauseReason,
    PerHour,
    Reason,
    SenderId,
    StartsAt,
    Subject,
    TemplateId,
    Tested,
    Utm,
    Variants,
    Winner,
    WinnerRule,
    Zone,
)
from domain.campaigns.contacts.contact_lists import ContactList
from domain.campaigns.templates.templates import Template
from domain.campaigns.templates.terms import Name, Number
from domain.kit.fields import KEPT, Describe, Kept, References
from domain.kit.model import Command, Invalid, NotFound, in_utc
from domain.kit.refusals import ViolationCode

FARTHEST = timedelta(days=366)  # How far ahead a campaign is scheduled.
OfTemplate = Annotated[TemplateId, References(TEMPLATE)]
OfVersion = Annotated[Number | None, Describe("The version that is sent; the newest by default.")]


def require_distinct_lists(list_ids: tuple[UUID, ...] | Kept) -> None:
    """Raise Invalid for a list that is named twice."""
    if not isinstance(list_ids, Kept) and len(set(list_ids)) < len(list_ids):
        raise Invalid(field="list_ids", reason="must not name a list twice")


def require_variants(variants: tuple[CampaignVariant, ...], winner: WinnerRule | None) -> None:
    """Raise Invalid unless they can be compared."""
    if len(variants) == 1:
        raise Invalid(field="variants", reason="must be two or more, or none")
    if variants and sum(variant.share for variant in variants) != 100:
        raise Invalid(field="variants", reason="must have shares of 100 together")
    if len({variant.name.casefold() for variant in variants}) < len(variants):
        raise Invalid(field="variants", reason="must have different names")
    contents = {(each.subject, each.template_id, each.template_version) for each in variants}
    if len(contents) < len(variants):
        raise Invalid(field="variants", reason="must differ in their subjects or templates")
    if bool(variants) != (winner is not None):
        raise Invalid(field="winner", reason="is said where there are variants")


def require_soon(starts_at: datetime, now: datetime) -> None:
    """Raise Invalid for a moment that is past, or too far ahead."""
    if not now < starts_at <= now + FARTHEST:
        raise Invalid(field="starts_at", reason=f"must be within the next {FARTHEST.days} days")


def require_for_everybody(in_their_zone: bool) -> None:
    """Raise Invalid for a start in the zone of each recipient."""
    if in_their_zone:
        raise Invalid(field="in_their_zone", reason="cannot be sent yet", why=ViolationCode.UNSUITABLE)


class CreateCampaign(Command, requires=(require_distinct_lists,)):
    """Prepare a campaign, which is a draft at first. It keeps the version of the template that it has."""

    name: Name
    template_id: OfTemplate
    template_version: OfVersion = None
    sender_id: Annotated[SenderId, References(SENDER)]
    subject: Subject = ""
    list_ids: Lists = ()
    per_hour: PerHour = None
    utm_source: Utm = ""
    utm_medium: Utm = ""
    utm_campaign: Utm = ""

    @property
    def contact_list_ids(self) -> tuple[UUID, ...]:
        """The lists that it is sent to."""
        return self.list_ids

    def handle(self, template: Template, contact_lists: Mapping[UUID, ContactList]) -> Campaign:
        _require_lists(self.list_ids, contact_lists)
        created = Campaign.Created(
            status=CampaignStatus.DRAFT,
            name=self.name.strip(),
            template_id=self.template_id,
            template_version=_pinned(template, self.template_version, field="template_version"),
            subject=self.subject,
            sender_id=self.sender_id,
            list_ids=self.list_ids,
            per_hour=self.per_hour,
            utm_source=self.utm_source,
            utm_medium=self.utm_medium,
            utm_campaign=self.utm_campaign,
            variants=(),
            winner=None,
            tested=20,
            decide_after_hours=4,
        )
        return Campaign.begin(self.id, created)


class UpdateCampaign(Command, requires=(require_distinct_lists,)):
    """Change what a draft says."""

    name: Name | Kept = KEPT
    subject: Subject | Kept = KEPT
    list_ids: Lists | Kept = KEPT
    per_hour: PerHour | Kept = KEPT
    utm_source: Utm | Kept = KEPT
    utm_medium: Utm | Kept = KEPT
    utm_campaign: Utm | Kept = KEPT

    @property
    def contact_list_ids(self) -> tuple[UUID, ...]:
        """The lists that it is to be sent to, where that is said."""
        return () if isinstance(self.list_ids, Kept) else self.list_ids

    def handle(self, campaign: Campaign, contact_lists: Mapping[UUID, ContactList]) -> None:
        _require_lists(self.contact_list_ids, contact_lists)
        campaign.change(**self.said)


class SetCampaignSender(Command):
    """Say who a draft comes from."""

    sender_id: Annotated[SenderId, References(SENDER)]

    def handle(self, campaign: Campaign) -> None:
        campaign.change(sender_id=self.sender_id)


class SetCampaignTemplate(Command):
    """Say which version of which template a draft sends."""

    template_id: OfTemplate
    template_version: OfVersion = None

    def handle(self, campaign: Campaign, template: Template) -> None:
        version = _pinned(template, self.template_version, field="template_version")
        campaign.change(template_id=self.template_id, template_version=version)


class SetCampaignVariants(Command, requires=(require_variants,)):
    """Say what is compared in a draft, in place of what was: subjects, templates or both."""

    variants: Variants
    winner: Winner = None
    tested: Tested = 20
    decide_after_hours: Hours = 4

    @property
    def template_ids(self) -> tuple[UUID, ...]:
        """The templates of variants, each once."""
        return tuple(dict.fromkeys(each.template_id for each in self.variants if each.template_id))

    def handle(self, campaign: Campaign, templates: Mapping[UUID, Template]) -> None:
        campaign.change(
            variants=tuple(_variant(each, templates) for each in self.variants),
            winner=self.winner,
            tested=self.tested,
            decide_after_hours=self.decide_after_hours,
        )


class ScheduleCampaign(Command, requires=(require_soon, require_for_everybody)):
    """Have a campaign start at a moment, for everybody or for each in their own zone."""

    starts_at: StartsAt
    zone: Zone = "UTC"
    in_their_zone: InTheirZone = False

    def handle(self, campaign: Campaign, sender: SenderIdentity) -> None:
        status = after(campaign.status, CampaignAct.SCHEDULE)
        _require_ready(campaign, sender)
        scheduled = Campaign.Scheduled(
            status=status,
            starts_at=in_utc(self.starts_at) or self.starts_at,
            zone=self.zone,
            in_their_zone=self.in_their_zone,
        )
        campaign.record(scheduled)


class UnscheduleCampaign(Command):
    """Make a scheduled campaign a draft again."""

    def handle(self, campaign: Campaign) -> None:
        campaign.record(Campaign.Unscheduled(status=after(campaign.status, CampaignAct.UNSCHEDULE)))


class StartCampaign(Command):
    """Start a campaign now."""

    def handle(self, campaign: Campaign, sender: SenderIdentity) -> None:
        status = after(campaign.status, CampaignAct.START)
        _require_ready(campaign, sender)
        campaign.record(Campaign.Started(status=status))


class StartScheduledCampaign(Command):
    """Start a campaign at its time, if this still is its time; no client sends this."""

    starts_at: StartsAt

    def handle(self, campaign: Campaign, sender: SenderIdentity) -> None:
        if campaign.status is not CampaignStatus.SCHEDULED or campaign.starts_at != self.starts_at:
            raise CampaignNotScheduled(field="id")
        StartCampaign(id=self.id).handle(campaign, sender)


class PauseCampaign(Command):
    """Pause a campaign: nothing more is sent until it is resumed."""

    reason: Reason = PauseReason.REQUESTED

    def handle(self, campaign: Campaign) -> None:
        status = after(campaign.status, CampaignAct.PAUSE)
        campaign.record(Campaign.Paused(status=status, reason=self.reason))


class ResumeCampaign(Command):
    """Resume a campaign: those who were not written to yet are."""

    def handle(self, campaign: Campaign) -> None:
        campaign.record(Campaign.Resumed(status=after(campaign.status, CampaignAct.RESUME)))


class CompleteCampaign(Command):
    """Note that everybody was written to; somebody may have paused or cancelled it just now."""

    def handle(self, campaign: Campaign) -> None:
        if campaign.status is CampaignStatus.CANCELLED:
            return
        campaign.record(Campaign.Completed(status=after(campaign.status, CampaignAct.COMPLETE)))


class CancelCampaign(Command):
    """Cancel a campaign permanently: nothing more is sent."""

    def handle(self, campaign: Campaign) -> None:
        campaign.record(Campaign.Cancelled(status=after(campaign.status, CampaignAct.CANCEL)))


def _require_lists(ids: tuple[UUID, ...], found: Mapping[UUID, ContactList]) -> None:
    """Raise NotFound for a list that is not there."""
    if not found.keys() >= set(ids):
        raise NotFound(field="list_ids", what="list")


def _pinned(template: Template, number: int | None, *, field: str) -> int:
    """The version that is sent. Raises a refusal about the field."""
    version = template.number if number is None else number
    template.require_usable(version, field=field)
    return version


def _variant(variant: CampaignVariant, templates: Mapping[UUID, Template]) -> CampaignVariant:
    """The variant with its version pinned. Raises a refusal."""
    if variant.template_id is None:
        return replace(variant, template_version=None)
    template = templates.get(variant.template_id)
    if template is None:
        raise NotFound(field="variants", what="template")
    return replace(variant, template_version=_pinned(template, variant.template_version, field="variants"))


def _require_ready(campaign: Campaign, sender: SenderIdentity) -> None:
    """Raise a refusal unless it can be sent."""
    if not campaign.list_ids:
        raise CampaignHasNoLists(field="list_ids")
    if campaign.variants:
        raise VariantsNotSent(field="id")
    if sender.ended:
        raise NotFound(field="sender_id", what="sender")
    if not sender.verified:
        raise SenderNotVerified(field="sender_id", address=sender.address)
