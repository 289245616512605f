"""Campaigns, their variants and their senders as people read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid5

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.senders import SenderAddress, SenderIdentity, SenderName
from domain.campaigns.campaigns.states import CampaignStatus
from domain.campaigns.campaigns.terms import (
    Hours,
    InTheirZone,
    PauseReason,
    PerHour,
    SenderId,
    Share,
    Subject,
    TemplateId,
    Tested,
    Utm,
    Winner,
)
from domain.campaigns.templates.terms import Name
from domain.kit.fields import Authored, Describe, Internal, Len, Public
from projections.kit.declare.folds import TIME, EventField, carried, on, removed, stamped
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class CampaignRow(Row):
    """A campaign."""

    id: Id
    name: Name
    status: Annotated[CampaignStatus, Internal(), Describe("The campaign's status.")]
    template_id: TemplateId
    template_version: Annotated[int, Internal(), Describe("The version of it that is sent.")]
    subject: Subject
    sender_id: SenderId
    list_ids: Annotated[tuple[UUID, ...], Internal(), Describe("The lists of contacts that it is sent to.")]
    per_hour: PerHour
    utm_source: Utm
    utm_medium: Utm
    utm_campaign: Utm
    winner: Winner
    tested: Tested
    decide_after_hours: Hours
    starts_at: Annotated[
        datetime | None, Internal(), Describe("When it is to start; null where that was not said.")
    ] = None
    zone: Annotated[
        str | None,
        Len(max_length=64),
        Internal(),
        Authored(),
        Describe("The time zone in which that was said; null where it was not."),
    ] = None
    in_their_zone: InTheirZone = False
    started_at: Annotated[datetime | None, Internal(), Describe("When it started; null until then.")] = None
    paused_for: Annotated[
        PauseReason | None, Internal(), Describe("Why it is paused; null unless it is.")
    ] = None
    ended_at: Annotated[
        datetime | None, Internal(), Describe("When it was completed or cancelled; null until then.")
    ] = None
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Campaigns(PostgresView[CampaignRow], name="campaigns.campaigns", version=2, inline=True):
    """Every campaign."""

    words = ("name",)
    collated = {"name": ("name",)}
    ranked = ("status",)
    indexes = (
        Index("idx_campaigns_name", ("name_order", "id")),
        Index("idx_campaigns_status", ("status", "created_at", "id")),
        Index("idx_campaigns_created_at", ("created_at", "id")),
        Index("idx_campaigns_starts_at", ("starts_at", "id")),
        Index("idx_campaigns_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    created = carried(Campaign.Created, first=True)
    changed = carried(Campaign.Changed, Campaign.Scheduled, Campaign.Unscheduled)
    started = carried(Campaign.Started, started_at=TIME)
    paused = carried(Campaign.Paused, paused_for=EventField("reason"))
    resumed = carried(Campaign.Resumed, paused_for=None)
    ended = carried(Campaign.Completed, Campaign.Cancelled, paused_for=None, ended_at=TIME)


def variant_id(campaign_id: UUID, place: int) -> UUID:
    """The id of a variant of a campaign, by its place from 0."""
    return uuid5(campaign_id, f"variant {place}")


def _places(event: Campaign.Changed, _: object) -> list[UUID]:
    """The variants that there are, and those that there were."""
    most = max(len(event.variants), event.previous_variants)
    return [variant_id(event.originator_id, place) for place in range(most)]


class CampaignVariantRow(Row):
    """What some recipients of a campaign get in place of what it says."""

    id: Id
    campaign_id: Annotated[UUID, Internal(), Describe("The campaign.")]
    place: Annotated[int, Internal(), Describe("Its place among the variants, from 0.")]
    name: Name
    share: Share
    subject: Subject
    template_id: Annotated[
        UUID | None, Internal(), Describe("Its template; null where that is the campaign's.")
    ]
    template_version: Annotated[
        int | None, Internal(), Describe("The version of it; null where it is the campaign's.")
    ]


class CampaignVariants(
    PostgresView[CampaignVariantRow], name="campaigns.campaign_variants", version=2, inline=True
):
    """The variants of every campaign."""

    indexes = (Index("idx_campaign_variants_campaign", ("campaign_id", "place", "id")),)

    @on(Campaign.Changed, by=_places)
    def changed(
        self, row: CampaignVariantRow | None, event: Campaign.Changed, key: UUID
    ) -> CampaignVariantRow | None:
        place = _places(event, None).index(key)
        if place >= len(event.variants):
            return None
        variant = event.variants[place]
        return CampaignVariantRow(
            id=key,
            campaign_id=event.originator_id,
            place=place,
            name=variant.name,
            share=variant.share,
            subject=variant.subject,
            template_id=variant.template_id,
            template_version=variant.template_version,
        )


class SenderRow(Row):
    """Whom mails come from."""

    id: Id
    name: SenderName
    address: SenderAddress
    verified: Annotated[
        bool,
        Public(),
        Describe("Whether who reads its mail has verified it, so that mails may come from it."),
    ] = False
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Senders(PostgresView[SenderRow], name="campaigns.senders", version=2, inline=True):
    """Every sender that is kept."""

    indexes = (Index("idx_senders_created_at", ("created_at", "id")),)

    registered = carried(SenderIdentity.Registered, first=True)
    renamed = carried(SenderIdentity.Renamed)
    verification_requested = stamped(SenderIdentity.VerificationRequested)
    verified = carried(SenderIdentity.Verified, verified=True)
    deleted = removed(SenderIdentity.Deleted)
