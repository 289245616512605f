"""Campaigns of accounts, each with what it cost and brought, month by month."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Internal, Len
from domain.kit.model import Aggregate, Command, Event, Invalid, applies, assigns
from domain.kit.money.money import Currency
from domain.kit.refusals import Violation, ViolationCode
from domain.marketing.accounts import Channel, MarketingAccount
from domain.marketing.figures import (
    CampaignFigures,
    CampaignKey,
    CampaignName,
    DayFigures,
    campaign_id,
    checked,
    month_id,
)

TOGETHER = 1_000
"""Figures that are recorded together."""

AccountId = Annotated[UUID, Internal(), Describe("The account that pays for it.")]
CampaignId = Annotated[UUID, Internal(), Describe("The campaign.")]
ImportId = Annotated[
    UUID | None, Internal(), Describe("The import that brought them; null: they were said by themselves.")
]
Days = Annotated[tuple[DayFigures, ...], Internal()]


class MarketingCampaign(Aggregate, topic="marketing.campaign"):
    """A campaign of an account, known from when figures of it are first recorded."""

    always = True

    class Found(Event):
        account_id: AccountId
        channel: Channel
        key: CampaignKey
        name: CampaignName

    class Renamed(Event):
        name: CampaignName

    name: str | None = None

    changed = assigns(Found, Renamed)


@dataclass(frozen=True, kw_only=True)
class DaySource:
    """The row of a file that the figures of a day come from."""

    file_id: UUID
    row: int
    at: datetime
    """When they were recorded."""


class CampaignMonth(Aggregate, topic="marketing.campaign_month"):
    """What a campaign cost and brought on the days of a month."""

    always = True
    class_version = 2
    oldest_snapshot = 2

    class Recorded(Event):
        """Figures of days, each in place of what was recorded of the day before, which it says too."""

        account_id: AccountId
        campaign_id: CampaignId
        channel: Channel
        currency: Currency
        days: Annotated[Days, Describe("What holds from now on.")]
        replaced: Annotated[Days, Describe("What held before, of those of these days that had figures.")]
        import_id: ImportId = None
        rows: Annotated[
            tuple[int, ...], Internal(), Describe("Of what was imported, the row of the file for each day.")
        ] = ()
        file_id: Annotated[UUID | None, Internal(), Describe("The file that was imported.")] = None

    days: dict[date, DayFigures] = field(default_factory=dict)
    sources: dict[date, DaySource] = field(default_factory=dict)
    """By day, where its figures come from, of those that were imported."""

    @applies(Recorded)
    def _recorded(self, event: Recorded) -> None:
        self.days = {**self.days, **{each.date: each for each in event.days}}
        kept = {
            day: source
            for day, source in self.sources.items()
            if day not in {each.date for each in event.days}
        }
        if event.file_id is not None:
            kept |= {
                each.date: DaySource(file_id=event.file_id, row=row, at=event.timestamp)
                for each, row in zip(event.days, event.rows, strict=True)
            }
        self.sources = kept


class RecordMarketingFigures(Command):
    """Record what campaigns of an account cost and brought on days. Of a day that has figures these are replaced;
    the same figures again change nothing. A campaign is known once figures of it are recorded."""

    figures: Annotated[tuple[CampaignFigures, ...], Len(1, TOGETHER), Describe("The figures.")]
    import_id: ImportId = None
    rows: Annotated[tuple[int, ...], Len(0, TOGETHER)] = ()
    file_id: UUID | None = None

    @property
    def campaign_ids(self) -> list[UUID]:
        """The campaigns that it names."""
        return list(dict.fromkeys(campaign_id(self.id, each.campaign) for each in self.figures))

    @property
    def month_ids(self) -> list[UUID]:
        """The months in which its days lie."""
        return list(
            dict.fromkeys(month_id(campaign_id(self.id, each.campaign), each.date) for each in self.figures)
        )

    def handle(
        self,
        account: MarketingAccount,
        campaigns: Mapping[UUID, MarketingCampaign],
        months: Mapping[UUID, CampaignMonth],
        now: datetime,
    ) -> None:
        recorded: dict[UUID, dict[date, tuple[DayFigures, int]]] = {}
        campaign_of: dict[UUID, UUID] = {}
        first: dict[UUID, CampaignFigures] = {}
        newest: dict[UUID, CampaignFigures] = {}
        for place, each in enumerate(self.figures):
            figures = self._checked(place, account, now)
            campaign = campaign_id(self.id, each.campaign)
            latest = newest.get(campaign)
            if each.name.strip() and (latest is None or each.date >= latest.date):
                newest[campaign] = each
            first.setdefault(campaign, each)
            month = month_id(campaign, each.date)
            campaign_of[month] = campaign
            days = recorded.setdefault(month, {})
            if each.date in days:
                twice = Violation(
                    ViolationCode.UNSUITABLE, "is said twice of the campaign", ("figures", place, "date")
                )
                raise Invalid.of([twice])
            days[each.date] = figures, self.rows[place] if self.rows else 0
        for campaign, each in first.items():
            # By the name of its last day, whatever the order of the rows.
            _know(campaigns[campaign], newest.get(campaign, each), account)
        for month, days in recorded.items():
            known = months[month].days
            new = {day: each for day, each in days.items() if known.get(day) != each[0]}
            if new:
                months[month].record(
                    CampaignMonth.Recorded(
                        account_id=account.id,
                        campaign_id=campaign_of[month],
                        channel=account.channel,
                        currency=account.currency,
                        days=tuple(figures for figures, _ in new.values()),
                        replaced=tuple(known[day] for day in new if day in known),
                        import_id=self.import_id,
                        rows=tuple(row for _, row in new.values()) if self.rows else (),
                        file_id=self.file_id,
                    )
                )

    def _checked(self, place: int, account: MarketingAccount, now: datetime) -> DayFigures:
        try:
            return checked(self.figures[place], account, now)
        except Invalid as wrong:
            within = [replace(each, path=("figures", place, *each.path)) for each in wrong.violations]
            raise Invalid.of(within) from None


def _know(campaign: MarketingCampaign, figures: CampaignFigures, account: MarketingAccount) -> None:
    """Have a campaign known, by the name that it has now."""
    name = figures.name.strip()
    if campaign.name is None:
        key = figures.campaign.strip()
        campaign.record(
            MarketingCampaign.Found(account_id=account.id, channel=account.channel, key=key, name=name or key)
        )
    elif name and name != campaign.name:
        campaign.record(MarketingCampaign.Renamed(name=name))
